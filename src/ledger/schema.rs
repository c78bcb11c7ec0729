//! Defines the tables of each version of the ledger, as SQL.

/// Application id `RNTE`, which identifies the file as a ledger.
pub(super) const APPLICATION_ID: i64 = 0x524e_5445;

/// Step i migrates from schema version i to i + 1. A released step never changes; new steps follow it.
pub(super) const MIGRATIONS: [&str; 28] = [
    V1,
    PEDIGREES,
    DROP_OUT,
    MARKS,
    CHECKS,
    CHANGES,
    FEW_FAMILIES,
    SAME_AS,
    MANY_ALLELES,
    KEYS,
    AUDIT,
    SEALED,
    DOOMED,
    CHECKSUMS,
    LESS_TO_WRITE,
    INTEGRITY,
    RUN_FACTS,
    TYPINGS,
    VIEWS,
    UNTOLD,
    LOST,
    REVIEWS,
    CERTIFICATES,
    LETTERS,
    DESCRIBED,
    EXCHANGE,
    FACTS,
    KEEPING,
];

/// The version that this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// `meta`: `store_id` (16 random bytes), `key_fingerprint` (8 bytes), `key_next` (the same, during a change of the
/// key), `expunge_unfinished` (traces of expunged or renamed data are left), `generation` (counts changes of samples or
/// families), `stamp` (16 random bytes, new with each of these changes).
///
/// `sample.profile`: see `codec`, also for its form before version 15. `import` holds no file names, because they may
/// contain identifiers. The checks are written without `IN`, for which SQLite builds a small tree at every insertion.
/// `imported_at`, `started_at`: seconds since 1970, UTC. `digest`: BLAKE3. `file_digest`: see `digests`.
const V1: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE locus (id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 65535), name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE import (
    id INTEGER PRIMARY KEY,
    layout TEXT NOT NULL CHECK (layout = 'families' OR layout = 'children'),
    file_digest BLOB NOT NULL CHECK (length(file_digest) = 32),
    rows INTEGER NOT NULL, added INTEGER NOT NULL, unchanged INTEGER NOT NULL, replaced INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX import_by_digest ON import (file_digest);
CREATE TABLE sample (
    id INTEGER PRIMARY KEY,
    pseudonym BLOB NOT NULL UNIQUE CHECK (length(pseudonym) = 16),
    role TEXT NOT NULL CHECK (role = 'child' OR role = 'relative'),
    sex TEXT NOT NULL CHECK (sex = 'female' OR sex = 'male' OR sex = 'unknown'),
    profile BLOB NOT NULL,
    agency TEXT, region TEXT, kit TEXT, collected_on TEXT,
    import_id INTEGER NOT NULL REFERENCES import
) STRICT;
CREATE TABLE family (
    id INTEGER PRIMARY KEY,
    pseudonym BLOB NOT NULL UNIQUE CHECK (length(pseudonym) = 16)
) STRICT;
CREATE TABLE member (
    family_id INTEGER NOT NULL REFERENCES family,
    sample_id INTEGER NOT NULL REFERENCES sample,
    relation TEXT NOT NULL,
    PRIMARY KEY (family_id, sample_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_sample ON member (sample_id);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    mode TEXT NOT NULL,
    started_at INTEGER NOT NULL, seconds REAL NOT NULL, generation INTEGER NOT NULL,
    families INTEGER NOT NULL, children INTEGER NOT NULL, pairs INTEGER NOT NULL, candidates INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    manifest TEXT NOT NULL CHECK (json_valid(manifest))
) STRICT;
CREATE TABLE candidate (
    family BLOB NOT NULL CHECK (length(family) = 16),
    child BLOB NOT NULL CHECK (length(child) = 16),
    log10_lr REAL NOT NULL,
    loci_compared INTEGER NOT NULL, incompatible_loci INTEGER NOT NULL,
    run_id INTEGER NOT NULL REFERENCES run,
    first_run_id INTEGER NOT NULL REFERENCES run,
    PRIMARY KEY (family, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX candidate_by_child ON candidate (child);
";

/// Families whose relations do not identify each relative's place. `pedigree.links`: see `pedigrees`; `member.place`: a
/// position in it.
const PEDIGREES: &str = "
CREATE TABLE pedigree (
    family_id INTEGER PRIMARY KEY REFERENCES family ON DELETE CASCADE,
    links BLOB NOT NULL
) STRICT;
ALTER TABLE member ADD COLUMN place INTEGER;
";

/// The sample's own drop-out probability; null if the model's applies.
const DROP_OUT: &str = "ALTER TABLE sample ADD COLUMN drop_out REAL CHECK (drop_out >= 0 AND drop_out < 1);";

/// `mark`: families whose relatives are inconsistent, by cause. `family.withdrawn`: the reason why a family is not
/// matched; null if it is matched.
const MARKS: &str = "
CREATE TABLE mark (
    family_id INTEGER NOT NULL REFERENCES family ON DELETE CASCADE,
    cause TEXT NOT NULL,
    PRIMARY KEY (family_id, cause)
) STRICT, WITHOUT ROWID;
ALTER TABLE family ADD COLUMN withdrawn TEXT;
";

/// `checked`: 1 if the marks are those of the present family, checked under the settings `checked_under` in `meta`.
const CHECKS: &str = "
ALTER TABLE family ADD COLUMN checked INTEGER NOT NULL DEFAULT 0 CHECK (checked = 0 OR checked = 1);
";

/// `past`: every generation since then, with the last import that it includes. `family.changed`: the generation in
/// which a family was added, restored, or given other relatives; changes of a relative's own data are in its
/// `import_id` and, since version 15, in its `changed`. `run.basis`: digest of everything on which candidates depend,
/// except samples and families.
const CHANGES: &str = "
CREATE TABLE past (
    generation INTEGER PRIMARY KEY,
    stamp BLOB NOT NULL CHECK (length(stamp) = 16),
    last_import INTEGER NOT NULL
) STRICT;
ALTER TABLE family ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN basis BLOB CHECK (basis IS NULL OR length(basis) = 32);
CREATE INDEX sample_by_import ON sample (import_id);
";

/// These indexes find few of many families without reading all.
const FEW_FAMILIES: &str = "
CREATE INDEX family_by_change ON family (changed);
CREATE INDEX family_unchecked ON family (pseudonym) WHERE checked = 0;
";

/// The relative's sample that has the child's profile: the pair is then an identity; null for a candidate.
const SAME_AS: &str = "
ALTER TABLE candidate ADD COLUMN same_as BLOB CHECK (same_as IS NULL OR length(same_as) = 16);
";

/// Loci at which a sample has more than two alleles; its profile does not have them. `alleles`: see `multi_allele`.
const MANY_ALLELES: &str = "
CREATE TABLE many_alleles (
    sample_id INTEGER NOT NULL REFERENCES sample ON DELETE CASCADE,
    locus_id INTEGER NOT NULL REFERENCES locus,
    alleles BLOB NOT NULL,
    PRIMARY KEY (sample_id, locus_id)
) STRICT, WITHOUT ROWID;
";

/// `key_used`: fingerprints of the keys that made pseudonyms here. `sample.key_id`, `family.key_id`: the key of each.
const KEYS: &str = "
CREATE TABLE key_used (id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 8)) STRICT;
INSERT INTO key_used (fingerprint) SELECT value FROM meta WHERE key = 'key_fingerprint';
ALTER TABLE sample ADD COLUMN key_id INTEGER REFERENCES key_used;
ALTER TABLE family ADD COLUMN key_id INTEGER REFERENCES key_used;
UPDATE sample SET key_id = (SELECT max(id) FROM key_used);
UPDATE family SET key_id = (SELECT max(id) FROM key_used);
";

/// `audit`: see the module of that name. Other programs can still change it, but the hashes then show the change.
const AUDIT: &str = "
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    uid INTEGER NOT NULL, user TEXT NOT NULL,
    command TEXT NOT NULL, details TEXT NOT NULL CHECK (json_valid(details)), reason TEXT,
    subjects BLOB,
    previous BLOB NOT NULL CHECK (length(previous) = 32), hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit chain is only appended to'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit chain is only appended to'); END;
";

/// `custodian`: age recipients. `sealed`: the files of the vault. `sample.sealed_id` of a child, `member.sealed_id` of
/// a relative in a family: the file that holds the original identifiers; null if no file does.
const SEALED: &str = "
CREATE TABLE custodian (recipient TEXT PRIMARY KEY, added_at INTEGER NOT NULL) STRICT;
CREATE TABLE sealed (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    records INTEGER NOT NULL
) STRICT;
ALTER TABLE sample ADD COLUMN sealed_id INTEGER REFERENCES sealed;
ALTER TABLE member ADD COLUMN sealed_id INTEGER REFERENCES sealed;
";

/// `doomed`: files of the vault to delete, because others replaced them: without expunged records, or under another
/// key.
const DOOMED: &str = "CREATE TABLE doomed (name TEXT PRIMARY KEY) STRICT;";

/// Adds checksums to profiles, candidates and runs (see `checksum`). `migrate` computes them, because SQL does not have
/// the hash function.
const CHECKSUMS: &str = "
ALTER TABLE candidate ADD COLUMN sum BLOB;
ALTER TABLE run ADD COLUMN sum BLOB;
";

/// Makes imports cheaper. Profiles are half as long, and their checksum covers the drop-out probability: `migrate`
/// writes them again. No index holds the import of every sample any more: new samples have rising ids, so the samples
/// of an import begin at its `first_sample`. `sample.import_id` stays the import that added the sample, and
/// `sample.changed` is the last import that changed its data, null if none did. Before this version `import_id` was the
/// last import of either kind.
const LESS_TO_WRITE: &str = "
ALTER TABLE import ADD COLUMN first_sample INTEGER;
ALTER TABLE sample ADD COLUMN changed INTEGER REFERENCES import;
UPDATE sample SET changed = import_id, import_id = least FROM
    (SELECT id AS of, min(import_id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS least FROM sample)
    WHERE of = id AND import_id > least;
UPDATE import SET first_sample = coalesce(
    (SELECT id FROM sample WHERE import_id >= import.id ORDER BY import_id, id LIMIT 1),
    (SELECT coalesce(max(id), 0) + 1 FROM sample));
DROP INDEX sample_by_import;
CREATE INDEX sample_by_change ON sample (changed) WHERE changed IS NOT NULL;
";

/// Checksums and counts, see `integrity`.
const INTEGRITY: &str = "ALTER TABLE family ADD COLUMN sum BLOB; ALTER TABLE past ADD COLUMN sum BLOB;";

/// Facts about a run that later commands need; before this version they read them from its manifest. `run.unscorable`:
/// number of rows of `unscorable` that the run has; null if the families that could not be scored are unknown.
const RUN_FACTS: &str = "
ALTER TABLE run ADD COLUMN min_loci INTEGER;
ALTER TABLE run ADD COLUMN pairs_not_comparable INTEGER;
ALTER TABLE run ADD COLUMN unscorable INTEGER;
CREATE TABLE unscorable (
    run_id INTEGER NOT NULL REFERENCES run,
    family BLOB NOT NULL CHECK (length(family) = 16),
    locus TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run_id, family)
) STRICT, WITHOUT ROWID;
";

/// `typing`: typings of samples that have several, each as it was imported; see `typings`. A sample with one typing has
/// no row here. `import.typings`: number of rows that added a further typing.
const TYPINGS: &str = "
CREATE TABLE typing (
    id INTEGER PRIMARY KEY,
    sample_id INTEGER NOT NULL REFERENCES sample ON DELETE CASCADE,
    import_id INTEGER NOT NULL REFERENCES import,
    profile BLOB NOT NULL,
    drop_out REAL CHECK (drop_out >= 0 AND drop_out < 1),
    many BLOB,
    agency TEXT, kit TEXT, collected_on TEXT
) STRICT;
CREATE INDEX typing_by_sample ON typing (sample_id);
ALTER TABLE import ADD COLUMN typings INTEGER NOT NULL DEFAULT 0;
";

/// `candidate.views`: see `views`; null if the family is compared only as it is stated. `candidate.log10_doubt`: the
/// doubt of the view that made the candidate.
const VIEWS: &str = "
ALTER TABLE candidate ADD COLUMN views BLOB;
ALTER TABLE candidate ADD COLUMN log10_doubt REAL NOT NULL DEFAULT 0;
";

/// `import.keyed`: 0 if `file_digest` is a plain BLAKE3, as it always was before this version; see `digests`, also for
/// the secret in `meta`. `expunged`: see the file of that name.
const UNTOLD: &str = "
ALTER TABLE import ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed = 0 OR keyed = 1);
CREATE TABLE expunged (
    commitment BLOB PRIMARY KEY CHECK (length(commitment) = 32),
    key_id INTEGER REFERENCES key_used
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('digest_secret', randomblob(32)), ('expunged_secret', randomblob(32));
";

/// Pairs that are no longer candidates: see the file of that name.
const LOST: &str = "
CREATE TABLE lost (
    lost_in INTEGER NOT NULL,
    family BLOB NOT NULL CHECK (length(family) = 16),
    child BLOB NOT NULL CHECK (length(child) = 16),
    log10_lr REAL NOT NULL,
    first_run_id INTEGER NOT NULL,
    cause TEXT NOT NULL,
    sum BLOB,
    PRIMARY KEY (lost_in, family, child)
) STRICT, WITHOUT ROWID;
";

/// `review_case`: a pair under review, or a child without a family whose parents are not found. `tag`, `salt`,
/// `link_salt`: see the module `review`. `review_event.body`: JSON, see `review::Content`; `sample`: the further sample
/// of a retest, null if it was expunged, and `sum` its checksum, because a change of the key renames it. Reviewers are
/// in the audit chain alone. `review_renaming`: the tags and links of all cases after a change of the key, which record
/// `number` of the audit chain holds the digest of.
const REVIEWS: &str = "
CREATE TABLE review_case (
    id INTEGER PRIMARY KEY,
    family BLOB CHECK (family IS NULL OR length(family) = 16),
    child BLOB NOT NULL CHECK (length(child) = 16),
    tag BLOB NOT NULL UNIQUE CHECK (length(tag) = 16),
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    link_salt BLOB NOT NULL CHECK (length(link_salt) = 32)
) STRICT;
CREATE UNIQUE INDEX review_case_of ON review_case (child, coalesce(family, x''));
CREATE TABLE review_event (
    case_id INTEGER NOT NULL REFERENCES review_case ON DELETE CASCADE,
    number INTEGER NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    signature BLOB CHECK (signature IS NULL OR length(signature) = 64),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    sample BLOB CHECK (sample IS NULL OR length(sample) = 16),
    sum BLOB,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER review_is_not_edited BEFORE UPDATE OF case_id, number, body, signature, previous, digest ON review_event
BEGIN SELECT raise(ABORT, 'the history of a review is only appended to'); END;
CREATE TABLE review_renaming (number INTEGER PRIMARY KEY, listed BLOB NOT NULL) STRICT;
";

/// `certificate`: birth certificates of a registry. `certificate_claim`: which child claims which; `next`: the hashes of
/// the numbers that follow, see the module `certificates`; `province`: null if the number is malformed; `told`: the codes
/// of the answers that the last match counted. Numbers are keyed hashes. Days are numbers such as 20240105.
const CERTIFICATES: &str = "
CREATE TABLE certificate (
    number BLOB PRIMARY KEY CHECK (length(number) = 16),
    letter TEXT, province INTEGER NOT NULL,
    sex TEXT NOT NULL,
    born INTEGER, birth_place INTEGER, issued_on INTEGER, issued_in INTEGER,
    mother BLOB, father BLOB,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE certificate_claim (
    child BLOB NOT NULL CHECK (length(child) = 16),
    number BLOB NOT NULL CHECK (length(number) = 16),
    letter TEXT, province INTEGER,
    next BLOB NOT NULL,
    sex TEXT NOT NULL,
    born INTEGER, claimed_on INTEGER, place INTEGER,
    told TEXT NOT NULL DEFAULT '',
    sum BLOB NOT NULL,
    PRIMARY KEY (child, number)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('certificates', 0), ('certificate_claims', 0);
";

/// `letter`: letters with a code that families have; see `letters`, also for the number in `meta`. `issued_on`: days since
/// 1970, UTC.
const LETTERS: &str = "
CREATE TABLE letter (
    family_id INTEGER NOT NULL REFERENCES family ON DELETE CASCADE,
    issue INTEGER NOT NULL CHECK (issue BETWEEN 1 AND 4294967295),
    issued_on INTEGER,
    shift BLOB CHECK (shift IS NULL OR length(shift) = 16),
    sum BLOB NOT NULL,
    PRIMARY KEY (family_id, issue)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('letters', 0);
";

/// Checksums of what samples and typings have besides their profiles, see `described` and `typings`.
const DESCRIBED: &str = "ALTER TABLE sample ADD COLUMN sum BLOB; ALTER TABLE typing ADD COLUMN sum BLOB;";

/// `partner`: agencies with which records are exchanged. `exchange_sent`, `exchange_received`: what each has from this store,
/// and this store from each. `exchange_told`, `exchange_hit`: pairs that an agency was told about, and that an agency told
/// this store about. See `exchange`, also for the numbers in `meta`.
const EXCHANGE: &str = "
CREATE TABLE partner (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    card TEXT NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    revoked INTEGER NOT NULL CHECK (revoked = 0 OR revoked = 1),
    sent INTEGER NOT NULL, sent_digest BLOB CHECK (sent_digest IS NULL OR length(sent_digest) = 32),
    hits_sent INTEGER NOT NULL, hits_sent_digest BLOB CHECK (hits_sent_digest IS NULL OR length(hits_sent_digest) = 32),
    received INTEGER NOT NULL, received_digest BLOB CHECK (received_digest IS NULL OR length(received_digest) = 32),
    hits_received INTEGER NOT NULL,
    hits_received_digest BLOB CHECK (hits_received_digest IS NULL OR length(hits_received_digest) = 32),
    sum BLOB NOT NULL
) STRICT;
CREATE TABLE exchange_sent (
    partner_id INTEGER NOT NULL REFERENCES partner,
    sent BLOB NOT NULL CHECK (length(sent) = 16),
    kind TEXT NOT NULL,
    own BLOB CHECK (own IS NULL OR length(own) = 16),
    content BLOB NOT NULL CHECK (length(content) = 16),
    sum BLOB NOT NULL,
    PRIMARY KEY (partner_id, sent)
) STRICT, WITHOUT ROWID;
CREATE INDEX exchange_sent_own ON exchange_sent (own);
CREATE TABLE exchange_received (
    partner_id INTEGER NOT NULL REFERENCES partner,
    theirs BLOB NOT NULL CHECK (length(theirs) = 16),
    kind TEXT NOT NULL,
    own BLOB UNIQUE CHECK (own IS NULL OR length(own) = 16),
    sum BLOB NOT NULL,
    PRIMARY KEY (partner_id, theirs)
) STRICT, WITHOUT ROWID;
CREATE TABLE exchange_told (
    partner_id INTEGER NOT NULL REFERENCES partner,
    reference BLOB NOT NULL CHECK (length(reference) = 16),
    family BLOB CHECK (family IS NULL OR length(family) = 16),
    child BLOB CHECK (child IS NULL OR length(child) = 16),
    content BLOB NOT NULL CHECK (length(content) = 16),
    sum BLOB NOT NULL,
    PRIMARY KEY (partner_id, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE exchange_hit (
    partner_id INTEGER NOT NULL REFERENCES partner,
    reference BLOB NOT NULL CHECK (length(reference) = 16),
    family BLOB CHECK (family IS NULL OR length(family) = 16),
    child BLOB CHECK (child IS NULL OR length(child) = 16),
    other BLOB CHECK (other IS NULL OR length(other) = 16),
    body TEXT NOT NULL CHECK (json_valid(body)),
    received_at INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (partner_id, reference)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES
    ('partners', 0), ('exchange_sent', 0), ('exchange_received', 0), ('exchange_told', 0), ('exchange_hits', 0);
";

/// `fact`: what people state about found and missing children, see `facts`, also for the number in `meta`. `recorded_at`:
/// seconds since 1970, UTC.
const FACTS: &str = "
CREATE TABLE fact (
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    kind TEXT NOT NULL CHECK (kind = 'found' OR kind = 'missing'),
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
    recorded_at INTEGER NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    sealed BLOB,
    tag BLOB CHECK (tag IS NULL OR length(tag) = 16),
    sum BLOB NOT NULL,
    PRIMARY KEY (subject, kind, number)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('facts', 0);
";

/// `keeping`: the terms on which samples are kept, see the module `keeping`. `consent_reference`: a keyed hash, see
/// `ConsentHasher`, also for `consent_mask` in `meta`. `born`: a number such as 20240105, 20240100 if the day is unknown.
/// `is_searched`: 0 if `match` leaves the sample out, as its purposes and consent require; the index finds these without
/// reading all.
const KEEPING: &str = "
CREATE TABLE keeping (
    sample BLOB PRIMARY KEY CHECK (length(sample) = 16),
    legal_basis TEXT NOT NULL, purposes TEXT NOT NULL,
    consent_kind TEXT, consent_on INTEGER, consent_reference BLOB,
    born INTEGER, is_estimated INTEGER NOT NULL CHECK (is_estimated = 0 OR is_estimated = 1),
    keep_until INTEGER, review_on INTEGER,
    is_searched INTEGER NOT NULL CHECK (is_searched = 0 OR is_searched = 1),
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX keeping_not_searched ON keeping (sample) WHERE is_searched = 0;
INSERT INTO meta (key, value) VALUES ('keeping', 0), ('consent_mask', randomblob(32));
";
