-- How the address of a page is made from base_url and its file's path: the site's rule, and the folder that is no part
-- of it. The names of the rules are in doc_assets.addresses.
ALTER TABLE snapshot
    ADD COLUMN page_rule text NOT NULL DEFAULT 'as_is',
    ADD COLUMN page_strip text NOT NULL DEFAULT '';
