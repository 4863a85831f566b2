using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>Builds of llama-server in the section <c>engines</c>.</summary>
public sealed class LlamaBuildTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_model_selects_a_build_and_stays_a_model_of_llama_cpp()
    {
        string program = _fixture.Folder.WriteExecutable("new/llama-server");
        _fixture.File = File(
            $$""" "a": { "llamaServer": "{{program}}" }, "b": { "llamaServer": "new" } """, """ "otter": { "engine": "b", "contextSize": 4096, "args": ["-t", "2"] } """);

        DaemonSettings settings = _fixture.Settings();

        ModelSettings model = settings.Models["otter:latest"];
        Assert.Equal(("b", null, "llama.cpp", null, 4096), (model.Build, model.Engine, model.Backend, model.Mode, model.ContextSize));
        Assert.Equal((program, program), (settings.Runners.Builds["a"].Path, settings.Runners.Builds["b"].Path));
        Assert.Equal(program, settings.Runners.With("b").LlamaServerPath);
        Assert.Null(settings.Runners.With(build: null).LlamaServerPath);
        Assert.Empty(settings.Engines);
    }

    [Theory]
    [InlineData(""" "a": { "llamaServer": "gone" } """, "engines.a.llamaServer: \"gone\" does not exist; name llama-server or its folder.")]
    [InlineData(""" "a": { "llamaServer": "." } """, "engines.a.llamaServer: \".\" is a folder without an executable llama-server;")]
    [InlineData(""" "a": { "llamaServer": 1 } """, "engines.a.llamaServer: is a number; write a string in quotes.")]
    [InlineData(""" "llama-host": { "llamaServer": "s" } """, "\"llama-host\" is a name that the daemon uses itself")]
    [InlineData(""" "a": { "llamaServer": "s", "command": ["s", "{port}"] } """, "engines.a: has both command and llamaServer; keep llamaServer for a build")]
    [InlineData(""" "a": { "llamaServer": "s", "ready": "/x" } """, "engines.a.ready: is not a known key;")]
    public void A_wrong_build_is_told_with_the_way_out(string engine, string problem)
    {
        _fixture.Folder.WriteExecutable("s");
        _fixture.File = File(engine, "");

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "mode": "completion" """, "models.otter.mode: is of no use with engine a, a build of llama-server; leave it out.")]
    [InlineData(""" "backend": "x" """, "models.otter.backend: is of no use with engine a, a build of llama-server; leave it out.")]
    public void Members_of_other_engines_are_refused(string member, string problem)
    {
        _fixture.Folder.WriteExecutable("s");
        _fixture.File = File(""" "a": { "llamaServer": "s" } """, $$""" "otter": { "engine": "a", {{member}} } """);

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_program_of_a_build_changes_the_engines_and_no_model()
    {
        _fixture.Folder.WriteExecutable("s");
        _fixture.Folder.WriteExecutable("t");
        const string Model = """ "otter": { "engine": "a" } """;
        _fixture.File = File(""" "a": { "llamaServer": "s" } """, Model);
        DaemonSettings before = _fixture.Settings();
        _fixture.File = File(""" "a": { "llamaServer": "t" } """, Model);
        var change = new SettingsChange(before, _fixture.Settings());
        Assert.True(change.HasOtherEngines);
        Assert.False(change.HasOtherModels);
        Assert.Empty(change.FindOutdatedModels());

        _fixture.File = File(""" "a": { "llamaServer": "s" } """, """ "otter": {} """);
        Assert.Equal(["otter:latest", "ai/otter:latest"], new SettingsChange(before, _fixture.Settings()).FindOutdatedModels());
    }

    private static string File(string engines, string models) => $$"""{ "engines": { {{engines}} }, "models": { {{models}} } }""";
}
