using System.Globalization;
using System.Reflection;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class KeysFileTests : IDisposable
{
    private static readonly string Digest = KeyDigest.Of("key-of-ada").ToString();

    private readonly ConfigurationFixture _fixture = new();

    public KeysFileTests() => _fixture.Environment["MODEL_RUNNER_STATE"] = Path.Join(_fixture.Folder.Path, "state");

    private string DefaultPath => Path.Join(_fixture.Folder.Path, "state", "keys.json");

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_a_file_no_key_is_required_and_one_may_appear()
    {
        DaemonSettings settings = _fixture.Settings();

        Assert.Equal((DefaultPath, false, false), (settings.KeysFilePath, settings.RequiresKey, settings.KeysFile.IsPresent));
    }

    [Fact]
    public void The_file_in_the_state_folder_is_read()
    {
        Write("keys.json", $$"""{ "keys": { "ada": { "sha256": "{{Digest}}", "scopes": ["admin"] } } }""");

        DaemonSettings settings = _fixture.Settings();

        KeySettings key = Assert.Single(settings.KeysFile.Keys);
        Assert.Equal(("ada", KeyScopes.Admin, true), (key.Name, key.Scopes, settings.RequiresKey));
    }

    [Theory]
    [InlineData("""{ "keys": { } }""")]
    [InlineData(null)]
    public void An_empty_file_and_a_named_one_that_is_missing_require_a_key(string? text)
    {
        if (text is null)
            _fixture.Environment["MODEL_RUNNER_KEYS_FILE"] = "other.json";
        else
            Write("keys.json", text);

        Assert.True(_fixture.Settings().RequiresKey);
    }

    [Theory]
    [InlineData("", "is not JSON from column 1 on")]
    [InlineData("{ \"keys\": ", "is not JSON from column")]
    [InlineData("[]", "is a list; write an object with the member keys")]
    [InlineData("{}", "has no member keys")]
    [InlineData("{ \"keys\": [] }", "is a list; write an object")]
    [InlineData("{ \"keys\": { }, \"more\": 1 }", "more: is not a known key")]
    [InlineData("{ \"keys\": { \"ada\": { \"keyFile\": \"x\" } } }", "keyFile: is not a known key")]
    [InlineData("{ \"keys\": { \"ada\": { \"sha256\": \"x\" } } }", "is not a SHA-256")]
    [InlineData("{ \"keys\": { \"none\": { \"sha256\": \"D\" } } }", "is a name that the daemon uses itself")]
    [InlineData("{ \"keys\": { \"ada\": { \"sha256\": \"D\" }, \"bob\": { \"sha256\": \"D\" } } }", "has the same key as ada")]
    [InlineData("{ \"keys\": { \"carol\": { \"sha256\": \"D\" } } }", "is also a key of the configuration file")]
    public void A_file_that_cannot_be_used_is_a_problem_at_the_start(string text, string problem)
    {
        _fixture.File = $$"""{ "keys": { "carol": { "sha256": "{{KeyDigest.Of("key-of-carol")}}" } } }""";
        Write("keys.json", text.Replace("D", Digest, StringComparison.Ordinal));

        Assert.Contains(_fixture.Problems(), found => found.StartsWith(DefaultPath, StringComparison.Ordinal) && found.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_others_may_write_is_refused()
    {
        string path = Write("keys.json", """{ "keys": { } }""");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);

        Assert.Equal($"{path}: can be written by other users, who could add keys; run chmod 600 {path}.", _fixture.Problem());
    }

    [Theory]
    [InlineData("folder", "is a folder")]
    [InlineData("link", "does not exist")]
    [InlineData("pipe", "is not a regular file")]
    public void Something_else_in_its_place_is_a_problem(string kind, string problem)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DefaultPath)!);
        if (kind == "folder")
            Directory.CreateDirectory(DefaultPath);
        else if (kind == "link")
            File.CreateSymbolicLink(DefaultPath, "/nowhere/keys.json");
        else
            _fixture.Folder.MakePipe(Path.Join("state", "keys.json"));

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        KeySettings[] keys =
        [
            new("ada", KeyDigest.Of("a"))
            {
                Scopes = KeyScopes.All, Models = [ModelPattern.TryParse("qwen*", out _)!, ModelPattern.TryParse("a\"b", out _)!], Concurrency = 3,
                Priority = RequestPriority.Background,
                TokensPerDay = 5_000_000_000, TokensPerMonth = 7, ExpiresAt = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero),
            },
            new("bob", KeyDigest.Of("b")),
        ];
        Write("keys.json", System.Text.Encoding.UTF8.GetString(KeysFile.Format(keys)));

        IReadOnlyList<KeySettings> read = _fixture.Settings().KeysFile.Keys;
        Assert.True(keys[0].IsSameAs(read[0]) && keys[1].IsSameAs(read[1]));
        foreach (PropertyInfo member in typeof(KeySettings).GetProperties())
        {
            // A new member of a key needs a value here, so that a writer that forgets it fails.
            Assert.True(TextOf(member, keys[0]) != TextOf(member, keys[1]), $"Give the first key of this test a value for {member.Name}.");
            Assert.Equal(TextOf(member, keys[0]), TextOf(member, read[0]));
        }

        static string TextOf(PropertyInfo member, KeySettings key) => member.GetValue(key) is IReadOnlyList<ModelPattern> models
            ? string.Join(',', models.Select(static model => model.Text))
            : string.Create(CultureInfo.InvariantCulture, $"{member.GetValue(key)}");
    }

    [Fact]
    public void A_reload_keeps_the_path_and_reads_the_file()
    {
        DaemonSettings running = _fixture.Settings();
        Write("keys.json", $$"""{ "keys": { "ada": { "sha256": "{{Digest}}" } } }""");
        _fixture.File = """{ "keysFile": "other.json" }""";

        DaemonSettings next = SettingsResolver.Resolve(_fixture.Options, running).Settings!;

        Assert.Equal((DefaultPath, "ada"), (next.KeysFilePath, Assert.Single(next.KeysFile.Keys).Name));
    }

    private string Write(string name, string text) => _fixture.Folder.Write(Path.Join("state", name), text);
}
