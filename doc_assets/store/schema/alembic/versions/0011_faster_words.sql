-- The same words as before for every text, so that no vector is recomputed: a load spends most of PostgreSQL's time on
-- them. What cost most were a call of a function with a query of its own for each step (60 µs and more), lookaround
-- (a machine of its own for each use), and a row for each word.

-- As before, but for the words of no name, which are not looked at, and lookaround: a boundary that shares a letter
-- with the one before it is found the second time.
CREATE OR REPLACE FUNCTION name_parts(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found text := '';
    name text COLLATE "C";
    parts text COLLATE "C";
BEGIN
    IF words COLLATE "C" !~ '[a-z0-9][A-Z]|[A-Z][A-Z][a-z]' THEN
        RETURN '';
    END IF;
    FOR name IN SELECT w.name[1] FROM regexp_matches(words COLLATE "C",
        '[^ ]*(?:[a-z0-9][A-Z]|[A-Z][A-Z][a-z])[^ ]*', 'g') AS w (name)
    LOOP
        -- What is longer is data.
        CONTINUE WHEN char_length(name) > 100;
        parts := name;
        IF name ~ '[A-Za-z0-9][A-Z][A-Z][a-z]' THEN
            FOR pass IN 1..2 LOOP
                parts := regexp_replace(parts,
                    '([A-Za-z0-9][A-Z])([A-Z]([a-rtuw-z]|s[a-z]|v([^0-9]|$)))', '\1 \2', 'g');
            END LOOP;
        END IF;
        FOR pass IN 1..2 LOOP
            parts := regexp_replace(parts, '([A-Za-z0-9][a-z0-9])([A-Z])', '\1 \2', 'g');
        END LOOP;
        found := found || ' ' || parts;
        IF name ~ '^([a-z][A-Z]|[A-Z][A-Z][a-z])' AND name !~ '^[A-Z][A-Z](s([^a-z]|$)|v[0-9])' THEN
            found := found || ' ' || regexp_replace(parts, '^(.)([^ ]*).*$', '\1 \2');
        END IF;
        IF parts ~ '[0-9]( |$)' THEN
            found := found || ' ' || regexp_replace(parts, '[0-9]+( |$)', '\1', 'g');
        END IF;
    END LOOP;
    RETURN ltrim(found, ' ');
END $$;

-- As before, but for the spaces around it: each pattern is tried on the lines that can match it.
CREATE OR REPLACE FUNCTION code_text(content text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    code text := '';
    line text COLLATE "C";
    last text;
    span text;
    assigns boolean := strpos(content, '=') > 0;
    imports boolean := strpos(content, 'import') > 0;
    selects boolean := content COLLATE "C" ~ '\m(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE)\M';
    names boolean := content COLLATE "C" ~ '[`_]|--[A-Za-z]|\w(::|->|\.)\w';
BEGIN
    FOREACH line IN ARRAY string_to_array(content, E'\n') LOOP
        last := right(rtrim(line, E' \t\n\r\f\x0b'), 1);
        IF strpos(line, '`') = 0 AND (last IN (';', '{', '}')
            OR assigns AND line ~ '(^|\s)[\w.\]]+\s(=|:=|\+=)\s'
            OR strpos(line, ';') > 0 AND line ~ ';\s*(do|then)\M'
            OR last = ':' AND line ~ ('^\s*(\}\s*|async\s+)?(if|elif|else|for|while|with|try|except|match|switch|case'
                '|class|def|fn|do|until)\M')
            OR imports AND line ~ '^\s*(from\s+[\w.]+\s+import|import)\s'
            OR selects AND line ~ '\m(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE)\M')
        THEN
            code := code || ' ' || line;
        ELSIF names AND line ~ '[`_]|--[A-Za-z]|\w(::|->|\.)\w' THEN
            -- Before an option may stand what is no part of a word; if it is a letter of another script, it stays out.
            FOR span IN SELECT s.found[1] FROM regexp_matches(line, '`[^`]+`(?:--[A-Za-z][\w-]*)?'
                '|(?:^|[^\w-])--[A-Za-z][\w-]*|\w+(?:(?:::|->)\w+)+|\w*[A-Za-z0-9]_\w+|\w\w+(?:\.\w\w+)+', 'g'
            ) AS s (found) LOOP
                code := code || ' ' || CASE WHEN span LIKE '_--%' THEN substr(span, 2) ELSE span END;
            END LOOP;
        END IF;
    END LOOP;
    RETURN code;
END $$;

-- Words of ASCII alone, which nearly all texts are once they are folded, PostgreSQL's parser cuts as lexemes_of() does, in
-- any locale and a third of the time; but not 7e2x, of which it makes a number and a word, nor words of 2 KB. Of a word
-- that is said more often than 255 times it keeps one position less.
CREATE OR REPLACE FUNCTION search_vector(breadcrumb text, content text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    -- As in text_vector(), and what is a stop word of the configuration english.
    keywords CONSTANT tsvector := 'all and any as at before after between by do each for from has if in into is it no
        not of off on only or out over own same some such than that then this to under until up when where which while
        who with'::tsvector;
    stops CONSTANT tsvector := 'i me my myself we our ours ourselves you your yours yourself yourselves he him his
        himself she her hers herself it its itself they them their theirs themselves what which who whom this that
        these those am is are was were be been being have has had having do does did doing a an the and but if or
        because as until while of at by for with about against between into through during before after above below to
        from up down in out on off over under again further then once here there when where why how all any both each
        few more most other some such no nor not only own same so than too very s t can will just don should
        now'::tsvector;
    plain CONSTANT text := '[^A-Za-z0-9]+';
    name CONSTANT text := '[a-z0-9][A-Z]|[A-Z][A-Z][a-z]';
    ascii CONSTANT boolean := octet_length(breadcrumb) = char_length(breadcrumb)
        AND octet_length(content) = char_length(content);
    title text COLLATE "C" := breadcrumb;
    body text COLLATE "C" := content;
    code text COLLATE "C" := doc_assets.code_text(breadcrumb || E'\n' || content);
    parts text COLLATE "C" := '';
    words text[];
    vector tsvector;
BEGIN
    IF ascii THEN
        title := regexp_replace(title, plain, ' ', 'g');
        body := regexp_replace(body, plain, ' ', 'g');
        code := regexp_replace(code, plain, ' ', 'g');
    ELSE
        title := doc_assets.plain_words(title);
        body := doc_assets.plain_words(body);
        code := doc_assets.plain_words(code);
    END IF;
    IF title ~ name OR body ~ name THEN
        parts := doc_assets.name_parts(title || ' ' || body);
    END IF;
    title := lower(title);
    body := lower(body);
    code := lower(code);
    parts := lower(parts);
    words := string_to_array(body, ' ');
    IF NOT ascii AND (octet_length(title) <> char_length(title) OR octet_length(body) <> char_length(body))
        OR title ~ '\m[0-9]+e[0-9]+[a-z]' OR body ~ '\m[0-9]+e[0-9]+[a-z]'
        OR octet_length(title) > 500 OR octet_length(body) > 2000 AND body ~ '[a-z0-9]{250}'
        OR cardinality(words) > 250 AND (cardinality(words) > 16000
            OR EXISTS (SELECT FROM unnest(words) AS w (word) GROUP BY w.word HAVING count(*) > 250))
    THEN
        RETURN doc_assets.text_vector(title, 'A') || doc_assets.text_vector(body, 'B') || doc_assets.code_vector(code)
            || strip(doc_assets.text_vector(parts, 'B') || doc_assets.code_vector(parts));
    END IF;
    -- Words are chosen from a vector by a weight that they alone are given. A vector without the words of an array, taken
    -- from itself, leaves those that are among the words.
    vector := setweight(to_tsvector('pg_catalog.english', title), 'A');
    IF ts_delete(keywords, string_to_array(title, ' ')) <> keywords THEN
        vector := concat_ws(' ', vector, ts_filter(setweight(
            to_tsvector('pg_catalog.simple', title), 'A', tsvector_to_array(keywords)), '{a}'))::tsvector;
    END IF;
    vector := vector || setweight(to_tsvector('pg_catalog.english', body), 'B')
        || ts_delete(keywords, tsvector_to_array(ts_delete(keywords, words)));
    IF ts_delete(stops, string_to_array(code, ' ')) <> stops THEN
        vector := vector || translate(ts_filter(setweight(
            to_tsvector('pg_catalog.simple', code), 'A', tsvector_to_array(stops)), '{a}')::text, '''A', '`B')::tsvector;
    END IF;
    IF parts <> '' THEN
        words := string_to_array(parts, ' ');
        vector := vector || strip(to_tsvector('pg_catalog.english', parts))
            || ts_delete(keywords, tsvector_to_array(ts_delete(keywords, words)))
            || translate(ts_delete(stops, tsvector_to_array(ts_delete(stops, words)))::text, '''', '`')::tsvector;
    END IF;
    RETURN vector;
END $$;
