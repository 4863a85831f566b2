using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class EnginesSectionTests : IDisposable
{
    private const string Vllm = """ "vllm": { "command": ["vllm", "serve", "{path}", "--uds", "{socket}"], "metrics": "/metrics" } """;

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_model_names_its_engine_and_has_its_name_as_backend()
    {
        _fixture.File = File(Vllm, """ "qwen3:8b": { "engine": "vllm", "mode": "completion", "path": "/data/qwen3", "keepAlive": "1m" } """);

        ModelSettings model = _fixture.Settings().Models["qwen3:8b"];

        Assert.Equal(("/data/qwen3", RunnerMode.Completion, "vllm", null), (model.Path, model.Mode!.Value, model.Backend, model.ModelName));
        Assert.Equal(["vllm", "serve", "{path}", "--uds", "{socket}"], model.Engine!.Command);
        Assert.Equal(("vllm", "/health", "/metrics", false), (model.Engine.Name, model.Engine.ReadyPath, model.Engine.MetricsPath, model.Engine.UsesPort));
    }

    [Fact]
    public void Everything_else_may_be_said_too()
    {
        _fixture.File = File(
            """ "sd": { "command": ["./bin/sd-server", "--port", "{port}", "-m", "{name}", "--json", "{\"a\": {}}"], "ready": "/ok?x=1" } """,
            """ "xl": { "engine": "sd", "mode": "completion", "backend": "stable-diffusion", "modelName": "Lab/XL" } """);

        ModelSettings model = _fixture.Settings().Models["xl:latest"];

        Assert.Equal(("stable-diffusion", "Lab/XL", null), (model.Backend, model.ModelName, model.Path));
        Assert.Equal(("/ok?x=1", null, true), (model.Engine!.ReadyPath, model.Engine.MetricsPath, model.Engine.UsesPort));
        Assert.Equal(Path.Join(_fixture.Folder.Path, "bin/sd-server"), model.Engine.Command[0]);
    }

    [Fact]
    public void A_model_without_engine_is_run_by_llama_cpp()
    {
        _fixture.File = File(Vllm, """ "otter": { "contextSize": 4096 } """);

        Assert.Equal((null, "llama.cpp"), (_fixture.Settings().Models["otter:latest"].Engine, _fixture.Settings().Models["otter:latest"].Backend));
    }

    [Theory]
    [InlineData(""" "llama.cpp": { "command": ["x", "{port}"] } """, "\"llama.cpp\" is a name that the daemon uses itself; choose another name.")]
    [InlineData(""" "a b": { "command": ["x", "{port}"] } """, "\"a b\" cannot be the name of an engine; write 1 to 64 letters, digits, dots, dashes and underscores.")]
    [InlineData(""" "x": [] """, "engines.x: is a list; write an object with a command.")]
    [InlineData(""" "x": {} """, "engines.x: lacks command; add command, a list such as")]
    [InlineData(""" "x": { "command": "x {port}" } """, "engines.x.command: is a string; write a list of strings.")]
    [InlineData(""" "x": { "command": ["x", 1, "{port}"] } """, "engines.x.command[1]: is a number; write a string in quotes.")]
    [InlineData(""" "x": { "command": [] } """, "engines.x.command: has 0 words; write 1 to 256: the program and its arguments.")]
    [InlineData(""" "x": { "command": ["", "{port}"] } """, "engines.x.command: \"\" cannot be a program; write its name, or its path, as the first word.")]
    [InlineData(""" "x": { "command": ["{path}", "{port}"] } """, "engines.x.command: \"{path}\" cannot be a program;")]
    [InlineData(""" "x": { "command": ["x", "\u0000", "{port}"] } """, "cannot be a word of a command; write at most 4096 characters without NUL.")]
    [InlineData(""" "x": { "command": ["x", "{port}", "{modle}"] } """, "engines.x.command: \"{modle}\" is not a known placeholder; write {socket} or {port} or {path} or {name}.")]
    [InlineData(""" "x": { "command": ["x", "{port}", "{pth}"] } """, "engines.x.command: \"{pth}\" is not a known placeholder; did you mean {path}?")]
    [InlineData(""" "x": { "command": ["x", "{port}", "--uds={SOCKET}"] } """, "engines.x.command: \"{SOCKET}\" is not a known placeholder; did you mean {socket}?")]
    [InlineData(""" "x": { "command": ["x", "{port}", "{model_path}"] } """, "engines.x.command: \"{model_path}\" is not a known placeholder;")]
    [InlineData(""" "x": { "command": ["x", "y"] } """, "engines.x.command: uses neither {socket} nor {port}; use one of them:")]
    [InlineData(""" "x": { "command": ["x", "{port}{socket}"] } """, "engines.x.command: uses both {socket} and {port}; use one of them:")]
    [InlineData(""" "x": { "command": ["x", "{port}"], "ready": "health" } """, "engines.x.ready: \"health\" is not the path of a page; write a path such as /health, escaped as in a URL.")]
    [InlineData(""" "x": { "command": ["x", "{port}"], "metrics": "//h/m" } """, "engines.x.metrics: \"//h/m\" is not the path of a page;")]
    [InlineData(""" "x": { "command": ["x", "{port}"], "reddy": "/h" } """, "engines.x.reddy: is not a known key; did you mean ready?")]
    public void A_wrong_engine_is_told_with_the_way_out(string engine, string problem)
    {
        _fixture.File = File(engine, "");

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "engine": "vlm", "mode": "completion" """, "\"vlm\" is not in the section engines; did you mean vllm?")]
    [InlineData(""" "engine": "tgi-x", "mode": "completion" """, "\"tgi-x\" is not in the section engines; the section has vllm; leave engine out")]
    [InlineData(""" "engine": "vllm", "path": "/x" """, "has an engine and lacks mode; add mode: completion, embedding or reranking.")]
    [InlineData(""" "engine": "vllm", "path": "/x", "mode": "chat" """, "\"chat\" is not a mode; write completion, embedding or reranking.")]
    [InlineData(""" "engine": "vllm", "path": "/x", "mode": "completion", "contextSize": 5 """, "].contextSize: is only for llama.cpp and not for engine vllm; write it into the engine's command, or leave it out.")]
    [InlineData(""" "engine": "vllm", "path": "/x", "mode": "completion", "args": [] """, "].args: is only for llama.cpp and not for engine vllm;")]
    [InlineData(""" "engine": "vllm", "path": "/x", "mode": "completion", "backend": " v" """, "\" v\" cannot be a label value; write 1 to 128 printable characters without spaces around them.")]
    [InlineData(""" "engine": "vllm", "path": "/x", "mode": "completion", "modelName": "" """, "cannot be the name of a model; write 1 to 1024 printable characters")]
    [InlineData(""" "engine": 1 """, "].engine: is a number; write a string in quotes.")]
    [InlineData(""" "mode": "completion" """, "].mode: is of no use without engine; name an engine of the section engines, or leave it out.")]
    [InlineData(""" "backend": "x" """, "].backend: is of no use without engine;")]
    public void A_wrong_model_of_an_engine_is_told_with_the_way_out(string members, string problem)
    {
        _fixture.File = File(Vllm, $$""" "qwen3:8b": { {{members}} } """);

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_of_all_engines_and_models_are_reported_at_once()
    {
        _fixture.File = File(
            """ "a": { "command": ["x", "{prt}", "{what-is-this}"] }, "b": { "command": ["y", "{socket}", "{port}"], "ready": "x" } """,
            """ "otter": { "engine": "c", "mode": "chat" } """);

        string[] problems = _fixture.Problems();

        Assert.Equal(7, problems.Length);
        foreach (string part in (string[])["{prt}", "{what-is-this}", "uses neither", "uses both", "engines.b.ready", "\"c\" is not in", "\"chat\" is not a mode"])
            Assert.Single(problems, problem => problem.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void A_path_is_optional_also_if_the_command_uses_it()
    {
        _fixture.File = File(Vllm, """ "qwen3:8b": { "engine": "vllm", "mode": "completion" } """);

        ModelSettings model = _fixture.Settings().Models["qwen3:8b"];

        Assert.Equal((null, true), (model.Path, model.LacksEnginePath));
    }

    [Theory]
    [InlineData("")]
    [InlineData(""" , "metrics": null """)]
    public void An_engine_without_metrics_leaves_the_path_out_or_writes_null(string metrics)
    {
        _fixture.File = File($$""" "x": { "command": ["x", "{port}"] {{metrics}} } """, """ "otter": { "engine": "x", "mode": "completion" } """);

        Assert.Null(_fixture.Settings().Models["otter:latest"].Engine!.MetricsPath);
    }

    [Theory]
    [InlineData(""" {\"a\": {}, \"b\": {\"c\": [1]}} """)]
    [InlineData("{{ bos_token }}{{name}}")]
    [InlineData("exec x --home ${HOME} ${port}")]
    [InlineData("{} { port } {1}")]
    public void Other_braces_are_no_placeholders(string word)
    {
        _fixture.File = File($$""" "x": { "command": ["x", "{port}", "{{word}}"] } """, """ "otter": { "engine": "x", "mode": "completion" } """);

        string written = _fixture.Settings().Models["otter:latest"].Engine!.Command[2];

        Assert.Equal(word.Replace("\\", "", StringComparison.Ordinal), written);
        Assert.Equal(written, CommandTemplate.Fill(written, static _ => "filled"));
    }

    [Theory]
    [InlineData("{port}", "1")]
    [InlineData("{\"port\":{port}}", "{\"port\":1}")]
    [InlineData("127.0.0.1:{port}/{name}", "127.0.0.1:1/{port}")]
    [InlineData("{port}{port}", "11")]
    public void Each_placeholder_is_replaced_once(string word, string expected) =>
        Assert.Equal(expected, CommandTemplate.Fill(word, static name => name == "port" ? "1" : "{port}"));

    [Fact]
    public void A_model_whose_engine_is_wrong_is_no_second_problem()
    {
        _fixture.File = File(""" "vllm": {} """, """ "qwen3:8b": { "engine": "vllm", "mode": "completion" } """);

        Assert.Contains("lacks command", _fixture.Problem(), StringComparison.Ordinal);
    }

    private static string File(string engines, string models) => $$"""{ "engines": { {{engines}} }, "models": { {{models}} } }""";
}
