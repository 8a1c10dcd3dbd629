-- What stands in chunk.tsv, and what a query asks of it. Nothing of it depends on the locale of the database: words are
-- cut and folded here, character by character, and PostgreSQL's parser, which asks the locale, is not used. Only words of
-- the letters a to z are stemmed, by the dictionary of the english configuration.
--
-- Readers and loads go on. The vectors that are stored stay as they are, until store.schema.recomputation has gone over
-- them in short transactions: its place is in the table at the end.

-- Of other characters than ASCII, invisible ones vanish, so that a word with a soft hyphen is that word; what is neither
-- letter nor digit nor accent becomes a space; wide, narrow and joined forms become the usual ones; Latin, Greek and
-- Cyrillic become lower case, and i is one letter with and without its dot. normalize() needs the encoding UTF8.
CREATE FUNCTION fold_text(content text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(content) = char_length(content) THEN content ELSE (
        -- translate() takes a millisecond for a chunk, and few have such a letter.
        SELECT CASE WHEN f.folded ~ '[\u00C0-\u00DE\u0100-\u0556\u1E00-\u1FFF]' THEN translate(f.folded,
            'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĴĶĹĻĽŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽ'
            'ƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾ'
            'ɁɃɄɅɆɈɊɌɎͰͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙ'
            'КЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮ'
            'ӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖḀḂḄḆḈḊḌḎḐḒḔḖḘḚḜḞḠḢḤḦ'
            'ḨḪḬḮḰḲḴḶḸḺḼḾṀṂṄṆṈṊṌṎṐṒṔṖṘṚṜṞṠṢṤṦṨṪṬṮṰṲṴṶṸṺṼṾẀẂẄẆẈẊẌẎẐẒẔẞẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢ'
            'ỤỦỨỪỬỮỰỲỴỶỸỺỼỾἈἉἊἋἌἍἎἏἘἙἚἛἜἝἨἩἪἫἬἭἮἯἸἹἺἻἼἽἾἿὈὉὊὋὌὍὙὛὝὟὨὩὪὫὬὭὮὯᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾸᾹᾺᾼ'
            'ῈῊῌῘῙῚῨῩῪῬῸῺῼİıς',
            'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĵķĺļľłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżž'
            'ɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦ'
            'ɂƀʉʌɇɉɋɍɏͱͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзий'
            'клмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯ'
            'ӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧ'
            'ḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕßạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợ'
            'ụủứừửữựỳỵỷỹỻỽỿἀἁἂἃἄἅἆἇἐἑἒἓἔἕἠἡἢἣἤἥἦἧἰἱἲἳἴἵἶἷὀὁὂὃὄὅὑὓὕὗὠὡὢὣὤὥὦὧᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒᾓᾔᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧᾰᾱὰᾳ'
            'ὲὴῃῐῑὶῠῡὺῥὸὼῳiiσ')
        ELSE f.folded END
        FROM (SELECT normalize(regexp_replace(regexp_replace(content COLLATE "C",
            '[\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F'
            '\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB'
            '\U000110BD\U000110CD\U00013430-\U00013438\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF'
            ']',
            '', 'g'),
            '[\u0080-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u00D7\u00F7\u02C2-\u02C5\u02D2-\u02DF\u02E5-\u02EB'
            '\u02ED\u02EF-\u02FF\u0375\u037E\u0384\u0385\u0387\u03F6\u0482\u0488\u0489\u055A-\u055F\u0589-\u058F'
            '\u05BE\u05C0\u05C3\u05C6\u05F3-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DE\u06E9\u06FD\u06FE'
            '\u0700-\u070D\u07F6-\u07F9\u07FE\u07FF\u0830-\u083E\u085E\u0888\u0964\u0965\u0970\u09F2-\u09FB\u09FD'
            '\u0A76\u0AF0\u0AF1\u0B70\u0B72-\u0B77\u0BF0-\u0BFA\u0C77-\u0C7F\u0C84\u0D4F\u0D58-\u0D5E\u0D70-\u0D79'
            '\u0DF4\u0E3F\u0E4F\u0E5A\u0E5B\u0F01-\u0F17\u0F1A-\u0F1F\u0F2A-\u0F34\u0F36\u0F38\u0F3A-\u0F3D\u0F85'
            '\u0FBE-\u0FC5\u0FC7-\u0FDA\u104A-\u104F\u109E\u109F\u10FB\u1360-\u137C\u1390-\u1399\u1400\u166D\u166E'
            '\u1680\u169B\u169C\u16EB-\u16ED\u1735\u1736\u17D4-\u17D6\u17D8-\u17DB\u17F0-\u180A\u1940-\u1945'
            '\u19DA-\u19FF\u1A1E\u1A1F\u1AA0-\u1AA6\u1AA8-\u1AAD\u1ABE\u1B5A-\u1B6A\u1B74-\u1B7E\u1BFC-\u1BFF'
            '\u1C3B-\u1C3F\u1C7E\u1C7F\u1CC0-\u1CC7\u1CD3\u1FBD\u1FBF-\u1FC1\u1FCD-\u1FCF\u1FDD-\u1FDF\u1FED-\u1FEF'
            '\u1FFD-\u2070\u2074-\u207E\u2080-\u208E\u20A0-\u20C0\u20DD-\u20E0\u20E2-\u20E4\u2100\u2101\u2103-\u2106'
            '\u2108\u2109\u2114\u2116-\u2118\u211E-\u2123\u2125\u2127\u2129\u212E\u213A\u213B\u2140-\u2144'
            '\u214A-\u214D\u214F-\u215F\u2189-\u2BFF\u2CE5-\u2CEA\u2CF9-\u2CFF\u2D70\u2E00-\u2E2E\u2E30-\u3004'
            '\u3008-\u3020\u3030\u3036\u3037\u303D-\u303F\u309B\u309C\u30A0\u30FB\u3190-\u319F\u31C0-\u31E3'
            '\u3200-\u33FF\u4DC0-\u4DFF\uA490-\uA4C6\uA4FE\uA4FF\uA60D-\uA60F\uA670-\uA673\uA67E\uA6F2-\uA716'
            '\uA720\uA721\uA789\uA78A\uA828-\uA82B\uA830-\uA839\uA874-\uA877\uA8CE\uA8CF\uA8F8-\uA8FA\uA8FC'
            '\uA92E\uA92F\uA95F\uA9C1-\uA9CD\uA9DE\uA9DF\uAA5C-\uAA5F\uAA77-\uAA79\uAADE\uAADF\uAAF0\uAAF1\uAB5B'
            '\uAB6A\uAB6B\uABEB\uE000-\uF8FF\uFB29\uFBB2-\uFBC2\uFD3E-\uFD4F\uFDCF\uFDFC-\uFE19\uFE30-\uFE6B'
            '\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65\uFFE0-\uFFFD\U00010100-\U0001013F'
            '\U00010175-\U000101FC\U000102E1-\U000102FB\U00010320-\U00010323\U0001039F\U000103D0\U0001056F'
            '\U00010857-\U0001085F\U00010877-\U0001087F\U000108A7-\U000108AF\U000108FB-\U000108FF'
            '\U00010916-\U0001091F\U0001093F\U000109BC\U000109BD\U000109C0-\U000109FF\U00010A40-\U00010A58'
            '\U00010A7D-\U00010A7F\U00010A9D-\U00010A9F\U00010AC8\U00010AEB-\U00010AF6\U00010B39-\U00010B3F'
            '\U00010B58-\U00010B5F\U00010B78-\U00010B7F\U00010B99-\U00010BAF\U00010CFA-\U00010CFF'
            '\U00010E60-\U00010E7E\U00010EAD\U00010F1D-\U00010F26\U00010F51-\U00010F59\U00010F86-\U00010F89'
            '\U00010FC5-\U00010FCB\U00011047-\U00011065\U000110BB-\U000110C1\U00011140-\U00011143\U00011174\U00011175'
            '\U000111C5-\U000111C8\U000111CD\U000111DB\U000111DD-\U000111F4\U00011238-\U0001123D\U000112A9'
            '\U0001144B-\U0001144F\U0001145A-\U0001145D\U000114C6\U000115C1-\U000115D7\U00011641-\U00011643'
            '\U00011660-\U0001166C\U000116B9\U0001173A-\U0001173F\U0001183B\U000118EA-\U000118F2\U00011944-\U00011946'
            '\U000119E2\U00011A3F-\U00011A46\U00011A9A-\U00011A9C\U00011A9E-\U00011AA2\U00011C41-\U00011C45'
            '\U00011C5A-\U00011C71\U00011EF7\U00011EF8\U00011FC0-\U00011FFF\U00012470-\U00012474\U00012FF1\U00012FF2'
            '\U00016A6E\U00016A6F\U00016AF5\U00016B37-\U00016B3F\U00016B44\U00016B45\U00016B5B-\U00016B61'
            '\U00016E80-\U00016E9A\U00016FE2\U0001BC9C\U0001BC9F\U0001CF50-\U0001D164\U0001D16A-\U0001D16C'
            '\U0001D183\U0001D184\U0001D18C-\U0001D1A9\U0001D1AE-\U0001D241\U0001D245-\U0001D378\U0001D6C1\U0001D6DB'
            '\U0001D6FB\U0001D715\U0001D735\U0001D74F\U0001D76F\U0001D789\U0001D7A9\U0001D7C3\U0001D800-\U0001D9FF'
            '\U0001DA37-\U0001DA3A\U0001DA6D-\U0001DA74\U0001DA76-\U0001DA83\U0001DA85-\U0001DA8B\U0001E14F\U0001E2FF'
            '\U0001E8C7-\U0001E8CF\U0001E95E-\U0001ED3D\U0001EEF0-\U0001FBCA\U000F0000-\U0010FFFD]',
            ' ', 'g'), NFKC) COLLATE "C" AS folded OFFSET 0) f
    ) END
$$;

-- ASCII punctuation becomes space, so that spin_lock_irqsave, CVE-2019-13119 and a::b::c are found by their parts, next
-- to each other.
CREATE OR REPLACE FUNCTION plain_words(content text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(doc_assets.fold_text(content) COLLATE "C", '[^A-Za-z0-9\u0080-\U0010FFFF]+', ' ', 'g')
$$;

-- The parts of CamelCase names among the words: HTTPServer is HTTP and Server, parseURLs parse and URLs, IPv6Pool IPv6
-- and Pool. A single first letter is both, part of the next word and for itself (OAuth2Token, gRPCRoute); digits at
-- the end of a part may be left out.
CREATE FUNCTION name_parts(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(concat_ws(' ', n.parts,
        CASE WHEN n.name ~ '^([a-z][A-Z]|[A-Z][A-Z][a-z])' AND n.name !~ '^[A-Z][A-Z](s([^a-z]|$)|v[0-9])'
            THEN regexp_replace(n.parts, '^(.)([^ ]*).*$', '\1 \2') END,
        CASE WHEN n.parts ~ '[0-9]( |$)' THEN regexp_replace(n.parts, '[0-9]+( |$)', '\1', 'g') END
    ), ' '), '')
    FROM (
        SELECT w.name COLLATE "C" AS name, regexp_replace(w.name COLLATE "C",
            '(?<=[A-Za-z0-9][a-z0-9])(?=[A-Z])'
            '|(?<=[A-Za-z0-9][A-Z])(?=[A-Z][a-z])(?![A-Z]s([^a-z]|$))(?![A-Z]v[0-9])', ' ', 'g') AS parts
        FROM unnest(string_to_array(words, ' ')) AS w (name)
        -- What is longer is data; to part it takes time in proportion to the square of its length.
        WHERE char_length(w.name) <= 100 AND w.name COLLATE "C" ~ '[a-z0-9][A-Z]|[A-Z][A-Z][a-z]'
    ) n
$$;

-- What is code, without the rest: lines that look like it, and in others what stands in backticks, names of several
-- parts (for_each, Option::as_ref, self.is_empty) and options (--no-verify).
CREATE FUNCTION code_text(content text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(CASE
        WHEN l.line !~ '`' AND l.line ~ ('[;{}]\s*$|(^|\s)[\w.\]]+\s(=|:=|\+=)\s|;\s*(do|then)\M'
            '|^\s*(\}\s*|async\s+)?(if|elif|else|for|while|with|try|except|match|switch|case|class|def|fn|do|until)'
            '\M.*[:{]\s*$|^\s*(from\s+[\w.]+\s+import|import)\s|\m(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE)\M')
        THEN l.line
        ELSE (SELECT string_agg(s.span[1], ' ') FROM regexp_matches(l.line,
            '`[^`]+`|(?<![\w-])--[A-Za-z][\w-]*|\w+(?:(?:::|->)\w+)+|\w*[A-Za-z0-9]_\w+|\w\w+(?:\.\w\w+)+', 'g'
        ) AS s (span))
    END, ' '), '')
    FROM (SELECT t.line COLLATE "C" AS line FROM string_to_table(content, E'\n') AS t (line)) l
$$;

-- Words with their place and lexeme, which is null for a stop word of English. A tsvector takes 2,046 bytes.
CREATE FUNCTION lexemes_of(words text) RETURNS TABLE (place bigint, word text, lexeme text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT w.place, w.word, CASE WHEN w.word COLLATE "C" ~ '^[a-z]+$'
        THEN (ts_lexize('pg_catalog.english_stem', w.word))[1] ELSE w.word END
    FROM unnest(array_remove(string_to_array(lower(words COLLATE "C"), ' '), '')) WITH ORDINALITY AS w (word, place)
    WHERE octet_length(w.word) <= 2046
$$;

-- Stop words that are keywords of a language, a shell or SQL are kept, without position unless in a breadcrumb.
CREATE FUNCTION text_vector(words text, weight text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(CASE
        WHEN l.lexeme IS NOT NULL THEN l.lexeme || ':' || l.place || weight
        WHEN l.word IN ('all', 'and', 'any', 'as', 'at', 'before', 'after', 'between', 'by', 'do', 'each', 'for',
            'from', 'has', 'if', 'in', 'into', 'is', 'it', 'no', 'not', 'of', 'off', 'on', 'only', 'or', 'out',
            'over', 'own', 'same', 'some', 'such', 'than', 'that', 'then', 'this', 'to', 'under', 'until', 'up', 'when',
            'where', 'which', 'while', 'who', 'with')
        THEN CASE weight WHEN 'A' THEN l.word || ':' || l.place || weight ELSE l.word END
    END, ' '), '')::tsvector FROM doc_assets.lexemes_of(words) l
$$;

-- A stop word in code has a lexeme of its own, so that the few chunks that show a `for` are found among all that say it.
CREATE FUNCTION code_vector(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg('`' || l.word || '`:' || l.place || 'B', ' '), '')::tsvector
    FROM doc_assets.lexemes_of(words) l WHERE l.lexeme IS NULL
$$;

-- Weights: breadcrumb A, text B. CamelCase names stand as one word and, without position, as their parts.
CREATE OR REPLACE FUNCTION search_vector(breadcrumb text, content text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT doc_assets.text_vector(w.title, 'A') || doc_assets.text_vector(w.body, 'B')
        || doc_assets.code_vector(w.code)
        || strip(doc_assets.text_vector(n.parts, 'B') || doc_assets.code_vector(n.parts))
    FROM (
        -- OFFSET 0: each is computed once.
        SELECT doc_assets.plain_words(breadcrumb) AS title, doc_assets.plain_words(content) AS body,
            doc_assets.plain_words(doc_assets.code_text(breadcrumb || E'\n' || content)) AS code OFFSET 0
    ) w CROSS JOIN LATERAL (SELECT doc_assets.name_parts(w.title || ' ' || w.body) AS parts OFFSET 0) n
$$;

-- The lexemes that a query asks for, in the order of its words; whole is false for parts of names. Stop words count
-- where they are code, and where the query has nothing else.
CREATE FUNCTION query_lexemes(query text) RETURNS TABLE (lexeme text, whole boolean, place bigint)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH asked AS MATERIALIZED (
        SELECT * FROM doc_assets.lexemes_of(doc_assets.plain_words(query))
    ), part AS MATERIALIZED (
        SELECT * FROM doc_assets.lexemes_of(doc_assets.name_parts(doc_assets.plain_words(query)))
    )
    SELECT a.lexeme, true, a.place FROM asked a WHERE a.lexeme IS NOT NULL
    UNION ALL
    SELECT coalesce(p.lexeme, '`' || p.word || '`'), false, p.place FROM part p
    UNION ALL
    SELECT '`' || c.word || '`', true, c.place
    FROM doc_assets.lexemes_of(doc_assets.plain_words(doc_assets.code_text(query))) c WHERE c.lexeme IS NULL
    UNION ALL
    SELECT f.form, true, a.place FROM asked a CROSS JOIN LATERAL (VALUES (a.word), ('`' || a.word || '`')) f (form)
    WHERE NOT EXISTS (SELECT FROM asked s WHERE s.lexeme IS NOT NULL)
$$;

-- How far a recomputation of a stored column has got: the last id that is done. No row, nothing to do.
CREATE TABLE recomputation (
    what text PRIMARY KEY,
    after bytea NOT NULL
);
INSERT INTO recomputation (what, after) SELECT 'chunk.tsv', '' WHERE EXISTS (SELECT FROM chunk);
