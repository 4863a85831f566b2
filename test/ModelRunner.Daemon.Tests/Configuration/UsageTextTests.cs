using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>The member <c>usage</c> of engines and of attached servers.</summary>
public sealed class UsageTextTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(""" "vllm", "serve", "{path}" """, "", true)]
    [InlineData(""" "vllm" """, """, "usage": "request" """, true)]
    [InlineData(""" "vllm" """, """, "usage": "asReported" """, false)]
    [InlineData(""" "/opt/llama.cpp/bin/llama-server", "-m", "{path}" """, "", false)]
    [InlineData(""" "env", "X=1", "llama-server", "-m", "{path}" """, "", false)]
    [InlineData(""" "llama-server" """, """, "usage": "request" """, true)]
    [InlineData(""" "x", "--alias", "llama-server-7b" """, "", true)]
    public void An_engine_is_asked_unless_it_is_llama_server(string words, string member, bool expected)
    {
        _fixture.File = $$"""
            {
              "engines": { "x": { "command": [{{words}}, "--port", "{port}"] {{member}} } },
              "models": { "otter": { "engine": "x", "mode": "completion", "path": "/otter" } }
            }
            """;

        EngineSettings engine = _fixture.Settings().Models["otter:latest"].Engine!;

        Assert.Equal(expected, engine.RequestsUsage);
        Assert.False(engine.IsSameAs(engine with { RequestsUsage = !expected }));
    }

    [Theory]
    [InlineData("vllm", "", true)]
    [InlineData("vllm", """, "usage": "asReported" """, false)]
    [InlineData("llama.cpp", "", false)]
    [InlineData("llama.cpp", """, "usage": "request" """, true)]
    public void An_attached_server_is_asked_unless_its_backend_is_llama_cpp(string backend, string member, bool expected)
    {
        _fixture.File = Attached(backend, member);

        AttachedRunnerSettings runner = Assert.Single(_fixture.Settings().AttachedRunners);

        Assert.Equal(expected, runner.RequestsUsage);
        Assert.False(runner.IsSameAs(runner with { RequestsUsage = !expected }));
    }

    [Theory]
    [InlineData("\"Request\"", "runners[0].usage: \"Request\" is not a way to get token counts; write request to ask for them")]
    [InlineData("true", "runners[0].usage: is true or false; write a string in quotes.")]
    public void Another_value_is_a_problem(string value, string problem)
    {
        _fixture.File = Attached("vllm", $", \"usage\": {value}");

        Assert.Contains(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    private static string Attached(string backend, string member) => $$"""
        { "runners": [ { "backend": "{{backend}}", "model": "m", "mode": "completion", "endpoint": "http://gpu:8000" {{member}} } ] }
        """;
}
