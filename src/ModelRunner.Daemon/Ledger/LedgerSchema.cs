namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// The tables of the ledger. Times are in milliseconds since 1970, hours in hours since 1970, durations in units of 100 ns.
/// </summary>
internal static class LedgerSchema
{
    /// <summary>The version of the tables, in SQLite's <c>user_version</c>. Each change of a table increases it.</summary>
    public static int Version => Updates.Count;

    /// <summary>Marks the file as a ledger, in SQLite's <c>application_id</c>.</summary>
    public const int ApplicationId = 0x4D524C47; // "MRLG"

    /// <summary>
    /// The statements that make each version of the tables from the one before. <c>accounts</c> has a row for each backend, model, mode and name
    /// of a key, so that every sum over keys is that of the model; numbers that are not shown by key are in the row of <c>none</c>;
    /// <c>totals</c> is permanent and has a row for each number of <c>AccountSeries</c> and <c>RunnerSeries</c> that is not 0; a number that the
    /// page has at 0 has a row as soon as it has begun. <c>hours</c> has sums for each hour. <c>requests</c> has the latest requests; those up
    /// to <c>summed.request</c> are in the totals and in the hours. <c>open_requests</c> has requests that had not ended at the last checkpoint.
    /// <c>lives</c> has the latest starts of runners; those whose <c>ended</c> is NULL run, or the daemon was killed. <c>totals.began</c> is
    /// when the number began to count; NULL: an older version has stored it, and it is not earlier than its account. <c>peaks</c> has the most
    /// memory that was measured of loads of a file with an engine and its arguments; <c>load</c> is an id of <c>lives</c>.
    /// </summary>
    public static IReadOnlyList<string> Updates { get; } =
    [
        """
        CREATE TABLE accounts(
            id INTEGER PRIMARY KEY, backend TEXT NOT NULL, model TEXT NOT NULL, mode TEXT NOT NULL,
            created INTEGER NOT NULL, used INTEGER NOT NULL, UNIQUE(backend, model, mode)) STRICT;
        CREATE TABLE totals(
            account INTEGER NOT NULL, series TEXT NOT NULL, value INTEGER NOT NULL,
            PRIMARY KEY(account, series)) STRICT, WITHOUT ROWID;
        CREATE TABLE hours(
            hour INTEGER NOT NULL, account INTEGER NOT NULL, requests INTEGER NOT NULL, completed INTEGER NOT NULL,
            prompt INTEGER NOT NULL, cached INTEGER NOT NULL, generated INTEGER NOT NULL, unconfirmed INTEGER NOT NULL,
            duration INTEGER NOT NULL, PRIMARY KEY(hour, account)) STRICT, WITHOUT ROWID;
        CREATE TABLE requests(
            id INTEGER PRIMARY KEY, ended INTEGER NOT NULL, account INTEGER NOT NULL, outcome TEXT NOT NULL, status TEXT NOT NULL,
            has_response INTEGER NOT NULL, source TEXT NOT NULL, finish TEXT NOT NULL, is_partial INTEGER NOT NULL,
            prompt INTEGER NOT NULL, cached INTEGER NOT NULL, generated INTEGER NOT NULL, draft INTEGER NOT NULL,
            draft_accepted INTEGER NOT NULL, duration INTEGER NOT NULL, queue_wait INTEGER, first_token INTEGER, output_token INTEGER) STRICT;
        CREATE TABLE summed(request INTEGER NOT NULL) STRICT;
        INSERT INTO summed VALUES(0);
        CREATE TABLE open_requests(
            id INTEGER PRIMARY KEY, account INTEGER NOT NULL, arrived INTEGER NOT NULL, prompt INTEGER NOT NULL, cached INTEGER NOT NULL,
            generated INTEGER NOT NULL) STRICT;
        """,
        """
        CREATE TABLE lives(
            id INTEGER PRIMARY KEY, account INTEGER NOT NULL, engine TEXT NOT NULL, version TEXT, started INTEGER NOT NULL, ready INTEGER,
            ended INTEGER, cause TEXT, prompt INTEGER, generated INTEGER) STRICT;
        CREATE INDEX open_lives ON lives(id) WHERE ended IS NULL;
        ALTER TABLE requests ADD COLUMN load_wait INTEGER;
        """,
        "ALTER TABLE totals ADD COLUMN began INTEGER;",
        "ALTER TABLE requests ADD COLUMN refusal TEXT; ALTER TABLE requests ADD COLUMN is_truncated INTEGER NOT NULL DEFAULT 0;",
        """
        CREATE TABLE accounts_of_keys(
            id INTEGER PRIMARY KEY, backend TEXT NOT NULL, model TEXT NOT NULL, mode TEXT NOT NULL, key_name TEXT NOT NULL,
            created INTEGER NOT NULL, used INTEGER NOT NULL, UNIQUE(backend, model, mode, key_name)) STRICT;
        INSERT INTO accounts_of_keys SELECT id, backend, model, mode, 'none', created, used FROM accounts;
        DROP TABLE accounts;
        ALTER TABLE accounts_of_keys RENAME TO accounts;
        """,
        """
        CREATE TABLE peaks(
            key TEXT NOT NULL, load INTEGER NOT NULL, seen INTEGER NOT NULL, resident INTEGER NOT NULL, graphics INTEGER, has_served INTEGER NOT NULL,
            PRIMARY KEY(key, load)) STRICT, WITHOUT ROWID;
        """,
    ];

    /// <summary>Adds to a total. The time at which it began stays unknown if it is.</summary>
    public const string AddTotal = """
        INSERT INTO totals VALUES($account, $series, $value, $began)
        ON CONFLICT DO UPDATE SET value = value + excluded.value, began = min(began, ifnull(excluded.began, began))
        """;

    /// <summary>Adds to the sums of an hour.</summary>
    public const string AddHour = """
        INSERT INTO hours VALUES($hour, $account, $requests, $completed, $prompt, $cached, $generated, $unconfirmed, $duration)
        ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, completed = completed + excluded.completed,
            prompt = prompt + excluded.prompt, cached = cached + excluded.cached, generated = generated + excluded.generated,
            unconfirmed = unconfirmed + excluded.unconfirmed, duration = duration + excluded.duration
        """;

    public const string AddRequest = """
        INSERT INTO requests VALUES(
            $id, $ended, $account, $outcome, $status, $has_response, $source, $finish, $is_partial, $prompt, $cached, $generated, $draft, $draft_accepted,
            $duration, $queue_wait, $first_token, $output_token, $load_wait, $refusal, $is_truncated)
        """;

    public const string SetOpen = """
        INSERT OR REPLACE INTO open_requests VALUES($id, $account, $arrived, $prompt, $cached, $generated)
        """;

    public const string RemoveOpen = "DELETE FROM open_requests WHERE id = $id";

    /// <summary>Sets up to which request the totals and the hours are complete.</summary>
    public const string SetSummed = "UPDATE summed SET request = $id";

    /// <summary>Returns the requests that are not in the totals yet.</summary>
    public const string ReadUnsummed = """
        SELECT requests.id, backend, model, mode, key_name, ended, outcome, status, has_response, source, prompt, cached, generated, draft,
            draft_accepted, duration, queue_wait, first_token, output_token, load_wait, refusal, is_truncated
        FROM requests JOIN accounts ON account = accounts.id WHERE requests.id > (SELECT request FROM summed) ORDER BY requests.id
        """;

    /// <summary>Returns the totals; those of an account follow each other, and the account that was used last is at the end.</summary>
    public const string ReadTotals = """
        SELECT backend, model, mode, key_name, series, value, ifnull(began, created)
        FROM accounts JOIN totals ON account = accounts.id ORDER BY used, accounts.id
        """;

    public const string ReadOpen = """
        SELECT open_requests.id, backend, model, mode, key_name, arrived, prompt, cached, generated
        FROM open_requests JOIN accounts ON account = accounts.id
        """;

    /// <summary>Returns the tokens of each key in each hour since a time, as <c>KeyUse</c> counts them.</summary>
    public const string ReadKeyUse = """
        SELECT key_name, hour, sum(prompt + cached + generated)
        FROM hours JOIN accounts ON account = accounts.id WHERE hour >= $since GROUP BY key_name, hour
        """;

    /// <summary>Returns the id of an account, which is created if it is new.</summary>
    public const string UseAccount = """
        INSERT INTO accounts VALUES(NULL, $backend, $model, $mode, $key_name, $now, $now)
        ON CONFLICT DO UPDATE SET used = max(used, excluded.used) RETURNING id
        """;

    /// <summary>
    /// Removes the oldest requests that ended before a time. Requests with a time after <c>$latest</c> were stored while the clock was wrong. They
    /// are as old as the next one with a valid time, and are removed with it. Requests that are not in the totals yet stay.
    /// </summary>
    public const string RemoveOld = """
        DELETE FROM requests WHERE (ended < $before OR ended > $latest) AND id <= (SELECT request FROM summed) AND id <= (
            SELECT max(id) FROM (
                SELECT id, ended FROM requests
                WHERE id >= (SELECT id FROM requests WHERE ended <= $latest ORDER BY id LIMIT 1) ORDER BY id LIMIT 1000)
            WHERE ended < $before)
        """;

    /// <summary>Writes a runner.</summary>
    public const string SetLife = """
        INSERT INTO lives VALUES($id, $account, $engine, $version, $started, $ready, $ended, $cause, $prompt, $generated)
        ON CONFLICT DO UPDATE SET version = excluded.version, ready = excluded.ready, ended = excluded.ended, cause = excluded.cause,
            prompt = excluded.prompt, generated = excluded.generated
        """;

    /// <summary>Ends the runners that an earlier process has started. When they ended is not known.</summary>
    public const string EndLost = "UPDATE lives SET ended = max($now, started), cause = 'lost' WHERE ended IS NULL AND id <= $last";

    /// <summary>Returns the last runner, and whether one has no end.</summary>
    public const string ReadLives = "SELECT ifnull(max(id), 0), EXISTS(SELECT 1 FROM lives WHERE ended IS NULL) FROM lives";

    /// <summary>Returns the latest loads that ended with a runner that was ready, in their order. The clock may have been set during one of them.</summary>
    public const string ReadLoads = """
        SELECT backend, model, mode, key_name, engine, ready - started FROM (SELECT * FROM lives WHERE ready >= started ORDER BY id DESC LIMIT 1000) AS latest
        JOIN accounts ON latest.account = accounts.id ORDER BY latest.id
        """;

    /// <summary>
    /// Removes the oldest runners that ended before a time, and before the oldest request. Times after <c>$latest</c> are treated as above.
    /// </summary>
    public const string RemoveOldLives = """
        DELETE FROM lives WHERE (ended < $before OR ended > $latest) AND id <= (
            SELECT max(id) FROM (
                SELECT id, ended FROM lives
                WHERE id >= (SELECT id FROM lives WHERE ended <= $latest ORDER BY id LIMIT 1) ORDER BY id LIMIT 1000)
            WHERE ended < min($before, ifnull((SELECT ended FROM requests ORDER BY id LIMIT 1), $before)))
        """;

    /// <summary>Writes the memory of a load.</summary>
    public const string SetPeak = """
        INSERT INTO peaks VALUES($key, $load, $seen, $resident, $graphics, $has_served)
        ON CONFLICT DO UPDATE SET seen = excluded.seen, resident = excluded.resident, graphics = excluded.graphics, has_served = excluded.has_served
        """;

    /// <summary>Removes all loads of a key but the latest ones and, of the earlier ones, those that needed most.</summary>
    public const string RemoveOldLoads = """
        DELETE FROM peaks WHERE key = $key AND load IN (
            SELECT load FROM (SELECT load, resident FROM peaks WHERE key = $key ORDER BY load DESC LIMIT -1 OFFSET $latest)
            ORDER BY resident DESC, load DESC LIMIT -1 OFFSET $earlier)
        """;

    /// <summary>Removes the loads that were measured before a time, and the keys that were loaded least recently.</summary>
    public const string RemoveOldPeaks = """
        DELETE FROM peaks WHERE seen < $before OR key NOT IN (SELECT key FROM peaks GROUP BY key ORDER BY max(load) DESC LIMIT $kept)
        """;

    public const string ReadPeaks = "SELECT key, load, resident, graphics, has_served FROM peaks ORDER BY load";

    /// <summary>Removes the oldest hours.</summary>
    public const string RemoveOldHours = "DELETE FROM hours WHERE hour < $before";
}
