using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class KeysSectionTests : IDisposable
{
    private const string Digest = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"; // of "alice"

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_members_are_read()
    {
        _fixture.Folder.Write("bob.key", "bob-key\n");
        _fixture.File = $$"""
            {
              "keys": {
                "alice": {
                  "sha256": "{{Digest.ToUpperInvariant()}}", "scopes": ["inference", "admin"], "models": ["Qwen3", "llama*"], "concurrency": 4,
                  "tokensPerDay": 3000000000, "tokensPerMonth": 5, "priority": "background", "expires": "2027-12-31",
                },
                "bob": { "keyFile": "bob.key", "scopes": "metrics", "expires": "2027-12-31T18:00:00+02:00" },
              },
            }
            """;

        DaemonSettings settings = _fixture.Settings();

        KeySettings alice = settings.Keys[0];
        Assert.Equal(("alice", KeyScopes.Inference | KeyScopes.Admin, 4), (alice.Name, alice.Scopes, alice.Concurrency));
        Assert.Equal((3_000_000_000, 5), (alice.TokensPerDay, alice.TokensPerMonth));
        Assert.Equal(RequestPriority.Background, alice.Priority);
        Assert.Equal(["Qwen3", "llama*"], alice.Models.Select(static model => model.Text));
        Assert.Equal(new DateTimeOffset(2028, 1, 1, 0, 0, 0, TimeSpan.Zero), alice.ExpiresAt);
        Assert.True(alice.Digest.IsSameAs(KeyDigest.Of("alice")));
        Assert.Equal(Digest, alice.Digest.ToString());
        KeySettings bob = settings.Keys[1];
        Assert.True(bob.Digest.IsSameAs(KeyDigest.Of("bob-key")));
        Assert.Equal((KeyScopes.Metrics, null, new DateTimeOffset(2027, 12, 31, 16, 0, 0, TimeSpan.Zero)), (bob.Scopes, bob.TokensPerDay, bob.ExpiresAt));
        Assert.True(settings.RequiresKey);
    }

    [Fact]
    public void All_problems_are_found_at_once()
    {
        _fixture.File = """
            {
              "keys": {
                "Alice": { "sha256": "secret-of-alice", "scope": "admin" },
                "none": { },
                "bob": { "sha256": "x", "keyFile": "y" },
                "carol": 5,
                "dave": {
                  "keyFile": "missing.key", "scopes": ["chat", []], "models": [], "concurrency": 0, "priority": "low", "tokensPerDay": -1, "tokensPerMonth": 1.5,
                  "expires": "soon",
                },
                "erin": { "keyFile": "missing.key", "scopes": ["chat"] },
              },
            }
            """;

        string[] problems = _fixture.Problems();

        Assert.Equal(
            [
                "model-runner.json:3: keys.Alice: \"Alice\" cannot be the name of a key; write 1 to 64 lower-case letters, digits, dots, dashes and underscores, and begin with a letter or a digit.",
                "model-runner.json:3: keys.Alice.sha256: is not a SHA-256 of 64 hexadecimal digits; write what \"printf %s KEY | sha256sum\" prints, or use keyFile.",
                "model-runner.json:3: keys.Alice.scope: is not a known key; did you mean scopes?",
                "model-runner.json:4: keys.none: \"none\" is a name that the daemon uses itself; choose another name.",
                "model-runner.json:4: keys.none: has no key; add sha256, the SHA-256 of the key in hexadecimal digits, or keyFile, a file with the key.",
                "model-runner.json:5: keys.bob: has both sha256 and keyFile; keep one of them.",
                "model-runner.json:6: keys.carol: is a number; write an object with sha256 or keyFile.",
                "model-runner.json:8: keys.dave.keyFile: \"missing.key\" does not exist; name a readable file that holds only the key.",
                "model-runner.json:8: keys.dave.scopes: is a list; write a list of strings.",
                "model-runner.json:8: keys.dave.models: is empty; name the models that the key may use, or leave it out for all.",
                "model-runner.json:8: keys.dave.concurrency: \"0\" is not a whole number from 1 to 100000; change it or leave it out.",
                "model-runner.json:8: keys.dave.priority: \"low\" is not a priority; write interactive or background.",
                "model-runner.json:8: keys.dave.tokensPerDay: \"-1\" is not a whole number from 1 to 1000000000000000; change it or leave it out.",
                "model-runner.json:8: keys.dave.tokensPerMonth: \"1.5\" is not a whole number from 1 to 1000000000000000; change it or leave it out.",
                "model-runner.json:9: keys.dave.expires: \"soon\" is not a time; write a date such as 2027-12-31, the last day in UTC on which the key works, or a time such as 2027-12-31T18:00:00Z.",
                "model-runner.json:11: keys.erin.keyFile: \"missing.key\" does not exist; name a readable file that holds only the key.",
                "model-runner.json:11: keys.erin.scopes: \"chat\" is not a scope; write inference, metrics or admin.",
            ],
            problems);
        Assert.DoesNotContain("secret-of-alice", string.Concat(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_name_needs_a_key_of_its_own()
    {
        _fixture.Environment["MODEL_RUNNER_API_KEY"] = "alice";
        _fixture.File = $$"""{ "keys": { "bob": { "sha256": "{{Digest}}" }, "carol": { "sha256": "{{Digest}}" } } }""";

        Assert.Equal(
            [
                "model-runner.json:1: keys.bob: has the same key as apiKey; give each of them a key of its own.",
                "model-runner.json:1: keys.carol: has the same key as apiKey; give each of them a key of its own.",
            ],
            _fixture.Problems());
    }

    [Fact]
    public void The_same_name_twice_is_a_problem()
    {
        _fixture.File = $$"""{ "keys": { "bob": { "sha256": "{{Digest}}" }, "bob": { "sha256": "{{Digest}}" } } }""";

        Assert.Equal("model-runner.json:1: keys.bob: is written twice; keep one of them.", _fixture.Problem());
    }

    [Theory]
    [InlineData("""{ "keys": { } }""", true)]
    [InlineData("""{ }""", false)]
    public void A_section_without_keys_opens_no_address(string file, bool isRequired)
    {
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8080";
        _fixture.Environment["MODEL_RUNNER_BIND"] = "0.0.0.0";
        _fixture.File = file;

        if (isRequired)
            Assert.True(_fixture.Settings().RequiresKey);
        else
            Assert.Contains("there is no key", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_keys_are_refused_by_their_number()
    {
        IEnumerable<string> keys = Enumerable.Range(0, 1001).Select(static i => $"\"k{i}\": {{ \"sha256\": \"{i:x64}\" }}");
        _fixture.File = $$"""{ "keys": { {{string.Join(", ", keys)}} } }""";

        Assert.Equal("model-runner.json:1: keys: has 1001 keys; write at most 1000.", _fixture.Problem());
    }

    [Theory]
    [InlineData("""{ "sha256": "D" }""", false)]
    [InlineData("""{ "sha256": "D", "concurrency": 2 }""", true)]
    [InlineData("""{ "sha256": "D", "models": ["b"] }""", true)]
    public void A_reload_finds_a_changed_key(string key, bool isChanged)
    {
        DaemonSettings before = Read("""{ "sha256": "D" }""");
        DaemonSettings after = Read(key);

        Assert.Equal(isChanged, new SettingsChange(before, after).HasOtherKeys);
    }

    private DaemonSettings Read(string key)
    {
        _fixture.File = $$"""{ "keys": { "bob": {{key.Replace("D", Digest, StringComparison.Ordinal)}} } }""";
        return _fixture.Settings();
    }
}
