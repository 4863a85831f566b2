using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The commands that manage the keys file.</summary>
public sealed class KeyCommandTests : IAsyncDisposable
{
    private readonly FakeDaemon _daemon = FakeDaemon.NotStarted();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    public KeyCommandTests() => _daemon.Environment["MODEL_RUNNER_STATE"] = "state";

    private string FilePath => Path.Join(_daemon.FolderPath, "state", "keys.json");

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact]
    public async Task A_new_key_is_printed_once_and_only_its_digest_is_stored()
    {
        (int exitCode, string key, string error) = await RunAsync(
            "add", "ada", "--scope", "inference", "--scope", "admin,metrics", "--models", "qwen*,llama3.2", "--concurrency", "2", "--tokens-per-day", "1000",
            "--tokens-per-month", "5000000000", "--expires", "2026-12-31");

        Assert.Equal(0, exitCode);
        Assert.Matches("^mrk_[0-9a-f]{64}\n$", key);
        Assert.Equal(
            $"model-runner: the key \"ada\" is not shown again; its SHA-256 is in {FilePath}\n"
            + "model-runner: a daemon that uses this file requires a key from now on, except on its Unix socket\n",
            error);
        string text = await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(key.Trim()[4..], text, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        KeySettings stored = Assert.Single(Read());
        Assert.True(stored.Digest.IsSameAs(KeyDigest.Of(key.Trim())));
        Assert.Equal((KeyScopes.All, 2, 1000, 5_000_000_000), (stored.Scopes, stored.Concurrency, stored.TokensPerDay, stored.TokensPerMonth));
        Assert.Equal(["qwen*", "llama3.2"], stored.Models.Select(static model => model.Text));
        Assert.Equal("2027-01-01T00:00:00Z", ExpiryText.Format(stored.ExpiresAt!.Value));
        Assert.Equal(["keys.json"], Directory.GetFiles(Path.GetDirectoryName(FilePath)!).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_change_of_one_key_keeps_the_priority_of_another()
    {
        await RunAsync("add", "batch", "--priority", "background");

        await RunAsync("add", "ada");
        await RunAsync("revoke", "ada");

        Assert.Equal(RequestPriority.Background, Assert.Single(Read()).Priority);
        using var list = JsonDocument.Parse((await RunAsync("list", "--json")).Out);
        Assert.Equal("background", list.RootElement[0].GetProperty("priority").GetString());
    }

    /// <summary>A part of a file would be a file without any valid key, or without limits.</summary>
    [Theory]
    [InlineData("add", "bob")]
    [InlineData("revoke", "ada")]
    public async Task On_a_full_disk_the_file_keeps_its_keys_and_the_error_says_what_to_do(string command, string name)
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.GetDirectoryName(FilePath)!, "64k");
        await RunAsync("add", "ada");
        byte[] before = await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken);
        disk.Fill();

        (int exitCode, string output, string error) = await RunAsync(command, name);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(
            $"model-runner: {FilePath} cannot be written: no space left on device; its keys are unchanged: make space on the disk of {disk.Path}, and run the "
            + "command again\n", error);
        Assert.Equal(before, await File.ReadAllBytesAsync(FilePath, TestContext.Current.CancellationToken));
        Assert.Equal(["filler", "keys.json"], Directory.GetFiles(disk.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        disk.Free();
        Assert.Equal(0, (await RunAsync(command, name)).ExitCode);
    }

    [Fact]
    public async Task Keys_are_different_and_each_command_has_JSON()
    {
        using var first = JsonDocument.Parse((await RunAsync("add", "ada", "--json")).Out);
        using var second = JsonDocument.Parse((await RunAsync("add", "bob", "--json=yes", "--models", "a")).Out);
        Assert.NotEqual(first.RootElement.GetProperty("key").GetString(), second.RootElement.GetProperty("key").GetString());
        Assert.Equal("bob", second.RootElement.GetProperty("name").GetString());

        using var list = JsonDocument.Parse((await RunAsync("list", "--json")).Out);
        Assert.Equal(["ada", "bob"], list.RootElement.EnumerateArray().Select(static key => key.GetProperty("name").GetString()));
        Assert.Equal("a", list.RootElement[1].GetProperty("models")[0].GetString());
        Assert.DoesNotContain("sha256", list.RootElement.GetRawText(), StringComparison.Ordinal);

        (int exitCode, string revoked, string error) = await RunAsync("revoke", "ada", "--json");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal($$"""{"name":"ada","revoked":true,"file":"{{FilePath}}"}""" + "\n", revoked);
        Assert.Equal("bob", Assert.Single(Read()).Name);
    }

    [Fact]
    public async Task The_list_has_the_keys_of_the_file_and_of_the_configuration()
    {
        await File.WriteAllTextAsync(
            Path.Join(_daemon.FolderPath, "model-runner.json"), $$"""{ "keys": { "old": { "sha256": "{{KeyDigest.Of("o")}}", "expires": "2020-01-01" } } }""",
            TestContext.Current.CancellationToken);
        await RunAsync("add", "ada", "--concurrency", "3", "--priority", "background");

        string table = (await RunAsync("list")).Out;

        Assert.Equal(
            [
                "NAME SCOPES MODELS PRIORITY CONCURRENCY TOKENS/DAY TOKENS/MONTH EXPIRES IN", "ada inference all background 3 - - never keys file",
                "old inference all interactive - - - 2020-01-02T00:00:00Z (expired) configuration",
            ],
            table.Trim().Split('\n').Select(static line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        Assert.Equal(
            (1, "", "model-runner: the key \"old\" is in the section keys of the configuration file: remove it there, and send SIGHUP to the daemon\n"),
            await RunAsync("revoke", "old"));
        Assert.Equal(1, (await RunAsync("add", "old")).ExitCode);
    }

    [Theory]
    [InlineData("add", "\"model-runner key add\" needs the name of a key")]
    [InlineData("add Ada", "\"Ada\" cannot be the name of a key; write 1 to 64 lower-case letters, digits, dots, dashes and underscores, and begin with a letter or a digit")]
    [InlineData("add none", "\"none\" is a name that the daemon uses itself; choose another name")]
    [InlineData("add x --scope chat", "--scope: \"chat\" is not inference, metrics or admin")]
    [InlineData("add x --models a,,b", "--models: \"\" is empty; write names such as qwen3:8b, or patterns such as qwen*")]
    [InlineData("add x --priority high", "--priority: \"high\" is not interactive or background")]
    [InlineData("add x --concurrency 0", "--concurrency: \"0\" is not a whole number from 1 to 100000")]
    [InlineData("add x --tokens-per-day many", "--tokens-per-day: \"many\" is not a whole number from 1 to 1000000000000000")]
    [InlineData("add x --expires soon", "--expires: \"soon\" is not a time; write a date such as 2027-12-31, the last day in UTC on which the key works, or a time such as 2027-12-31T18:00:00Z")]
    [InlineData("add x --expires 2026-05-31", "--expires: \"2026-05-31\" has passed; write a later one")]
    [InlineData("", "\"model-runner key\" needs one of the commands add, list, revoke")]
    [InlineData("ad", "there is no command \"key ad\"; did you mean \"key add\"?")]
    [InlineData("revoke a b", "\"model-runner key revoke\" does not accept \"b\"")]
    [InlineData("list --scope x", "\"model-runner key list\" has no flag \"--scope\"; \"model-runner key list --help\" lists its flags")]
    [InlineData("list --state-path none", "there is no state folder for the keys file: name the file with --keys-file (keysFile, MODEL_RUNNER_KEYS_FILE)")]
    public async Task A_wrong_command_changes_nothing(string arguments, string message)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, "", $"model-runner: {message}"), (exitCode, output, error.Split('\n')[0]));
        Assert.False(Directory.Exists(Path.Join(_daemon.FolderPath, "state")));
    }

    [Fact]
    public async Task A_name_is_used_once_and_a_key_that_is_not_there_is_not_revoked()
    {
        await RunAsync("add", "ada");

        Assert.Equal(
            (1, "", "model-runner: there is a key \"ada\" already: choose another name, or run \"model-runner key revoke ada\" first\n"), await RunAsync("add", "ada"));
        Assert.Equal((1, "", $"model-runner: there is no key \"adda\" in {FilePath}; did you mean \"ada\"?\n"), await RunAsync("revoke", "adda"));
        Assert.Equal("ada", Assert.Single(Read()).Name);
    }

    [Theory]
    [InlineData("add eve")]
    [InlineData("revoke ada")]
    [InlineData("list")]
    public async Task A_broken_file_is_not_overwritten(string arguments)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        await File.WriteAllTextAsync(FilePath, "{ broken", TestContext.Current.CancellationToken);

        (int exitCode, string output, string error) = await RunAsync(arguments.Split(' '));

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("is not JSON from column 3 on", error, StringComparison.Ordinal);
        Assert.Equal("{ broken", await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Commands_at_once_lose_no_key()
    {
        TimeProvider time = TimeProvider.System;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => _daemon.RunAsync(["key", "add", $"k{i}"], time: time))));

        Assert.Equal(Enumerable.Range(0, 12).Select(static i => $"k{i}").Order(StringComparer.Ordinal), Read().Select(static key => key.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_flag_names_another_file()
    {
        await RunAsync("add", "ada", "--keys-file", "other/k.json");

        Assert.True(File.Exists(Path.Join(_daemon.FolderPath, "other", "k.json")));
        Assert.False(File.Exists(FilePath));
    }

    private Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments) => _daemon.RunAsync(["key", .. arguments], time: _time);

    private IReadOnlyList<KeySettings> Read()
    {
        var problems = new List<ConfigurationProblem>();
        var options = new DaemonOptions { WorkingDirectory = "/", BaseDirectory = "/" };
        KeysFileContent content = KeysFile.Read(FilePath, options, [], apiKey: null, problems)!;
        Assert.Empty(problems);
        return content.Keys;
    }
}
