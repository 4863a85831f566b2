using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class SettingsChangeTests
{
    private const string Engine = """
        "engine": "e", "mode": "completion"
        """;

    private const string Server = """{ "endpoint": "http://127.0.0.1:9", "backend": "vllm", "model": "m", "mode": "completion", "headers": { "X-A": "1" } }""";

    [Theory]
    [InlineData("", "", "", false)]
    [InlineData("\"args\": \"-ngl 1\"", "\"args\": [\"-ngl\", \"1\"]", "", false)]
    [InlineData("\"args\": \"-ngl 1\"", "\"args\": \"-ngl 2\"", "m:latest ai/m:latest", true)]
    [InlineData("\"contextSize\": 512", "\"contextSize\": 1024", "m:latest ai/m:latest", true)]
    [InlineData("\"contextSize\": 512", "\"contextSize\": \"auto\"", "m:latest ai/m:latest", true)]
    [InlineData("\"path\": \"/m.gguf\"", "\"path\": \"/n.gguf\"", "m:latest", true)]
    [InlineData("\"keepAlive\": \"1m\"", "\"keepAlive\": \"-1\"", "", true)]
    [InlineData("\"priority\": \"background\"", "", "", true)]
    [InlineData("\"maxQueued\": 1", "\"maxQueued\": 2", "", true)]
    [InlineData("\"queueTimeout\": 1", "\"queueTimeout\": \"2s\"", "", true)]
    [InlineData("\"concurrency\": 1", "\"concurrency\": 2", "", true)]
    [InlineData("\"aliases\": [\"n\"]", "\"aliases\": [\"o\"]", "", true)]
    [InlineData(Engine, $"{Engine}, \"backend\": \"b\"", "m:latest", true)]
    public void A_model_is_outdated_if_its_runners_would_be_started_in_another_way(string before, string after, string outdated, bool isOther)
    {
        var change = new SettingsChange(Models(before), Models(after));

        Assert.Equal(outdated, string.Join(' ', change.FindOutdatedModels()));
        Assert.Equal(isOther, change.HasOtherModels);
    }

    [Fact]
    public void An_engine_with_another_command_outdates_its_models()
    {
        DaemonSettings before = Models(Engine);
        DaemonSettings after = Models(Engine, command: "[\"/bin/other\", \"{socket}\"]");

        Assert.Equal(["m:latest"], new SettingsChange(before, after).FindOutdatedModels());
    }

    [Fact]
    public void A_model_that_was_removed_is_outdated_if_it_had_settings()
    {
        Assert.Equal(["m:latest"], new SettingsChange(Models("\"path\": \"/m.gguf\""), Read("{}")).FindOutdatedModels());
        Assert.Empty(new SettingsChange(Models("\"keepAlive\": \"1m\""), Read("{}")).FindOutdatedModels());
    }

    [Fact]
    public void An_entry_concerns_no_model_that_has_its_own_entry()
    {
        DaemonSettings before = Read("""{ "models": { "m": { "contextSize": 512 }, "ai/m": { "contextSize": 1024 } } }""");
        DaemonSettings after = Read("""{ "models": { "m": { "contextSize": 2048 }, "ai/m": { "contextSize": 1024 } } }""");

        Assert.Equal(["m:latest"], new SettingsChange(before, after).FindOutdatedModels());
    }

    [Theory]
    [InlineData("\"X-A\": \"1\"", true)]
    [InlineData("\"X-A\": \"2\"", false)]
    public void Attached_runners_are_compared_with_their_headers(string headers, bool isSame)
    {
        DaemonSettings after = Read($$"""{ "runners": [{{Server.Replace("\"X-A\": \"1\"", headers, StringComparison.Ordinal)}}] }""");

        Assert.Equal(!isSame, new SettingsChange(Read($$"""{ "runners": [{{Server}}] }"""), after).HasOtherRunners);
    }

    [Theory]
    [InlineData("[\"/bin/e\", \"{socket}\"]", false)]
    [InlineData("[\"/bin/e\", \"--fast\", \"{socket}\"]", true)]
    public void Engines_are_compared_with_their_commands(string command, bool isOther)
    {
        DaemonSettings before = Read("""{ "engines": { "e": { "command": ["/bin/e", "{socket}"] } } }""");
        DaemonSettings after = Read($$"""{ "engines": { "e": { "command": {{command}} } } }""");

        Assert.Equal(isOther, new SettingsChange(before, after).HasOtherEngines);
        Assert.True(new SettingsChange(before, Read("{}")).HasOtherEngines);
        Assert.True(new SettingsChange(Read("{}"), before).HasOtherEngines);
    }

    private static DaemonSettings Models(string members, string command = "[\"/bin/e\", \"{socket}\"]") =>
        Read($$"""{ "engines": { "e": { "command": {{command}} } }, "models": { "m": { {{members}} } } }""");

    private static DaemonSettings Read(string file)
    {
        using var fixture = new ConfigurationFixture { File = file };
        return fixture.Settings();
    }
}
