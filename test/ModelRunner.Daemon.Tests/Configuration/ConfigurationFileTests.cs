using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_example_of_the_documentation_is_valid()
    {
        _fixture.File = """
            // Comments and trailing commas are allowed.
            {
              "$schema": "model-runner.schema.json",
              "models": {
                "Llama3.2": { "path": "llama-3.2-3b-q4_k_m.gguf", "contextSize": 8192, "keepAlive": "10m", "priority": "background", "concurrency": 3, "maxQueued": 40, "queueTimeout": "90s", "args": ["-np", "2"], "aliases": ["chat"] },
              },
              "runners": [
                { "backend": "vllm", "model": "qwen3:8b", "mode": "completion", "endpoint": "unix:/run/vllm.sock" },
                { "backend": "llama.cpp", "model": "bge-m3:latest", "mode": "embedding", "endpoint": "http://127.0.0.1:9001" }, /* the last */
              ],
              "metrics": { "minInterval": "1s", "maxBodyBytes": 16777216, "timeout": "5s" },
            }
            """;

        DaemonSettings settings = _fixture.Settings();

        (string reference, ModelSettings model) = Assert.Single(settings.Models);
        Assert.Equal("llama3.2:latest", reference);
        Assert.Equal("/home/ada/.local/share/model-runner/models/llama-3.2-3b-q4_k_m.gguf", model.Path);
        Assert.Equal((8192, TimeSpan.FromMinutes(10)), (model.ContextSize, model.KeepAlive));
        Assert.Equal((RequestPriority.Background, 3), (model.Priority, model.Concurrency));
        Assert.Equal(new QueueLimits(40, TimeSpan.FromSeconds(90)), model.Queue);
        Assert.Equal(["--parallel", "2"], model.Arguments);
        Assert.Equal(["chat:latest"], model.Aliases);
        Assert.Equal(
            [
                new AttachedRunnerSettings("vllm", "qwen3:8b", RunnerMode.Completion, "/run/vllm.sock", null, null) { ModelName = "qwen3:8b" },
                new AttachedRunnerSettings("llama.cpp", "bge-m3:latest", RunnerMode.Embedding, null, new Uri("http://127.0.0.1:9001"), null)
                {
                    ModelName = "bge-m3:latest", RequestsUsage = false,
                },
            ],
            settings.AttachedRunners);
    }

    [Fact]
    public void A_file_of_1_MiB_is_read_and_a_larger_one_is_reported_with_its_size()
    {
        const int Limit = 1024 * 1024;
        _fixture.File = "{}" + new string(' ', Limit - 2);
        Assert.Empty(_fixture.Resolve().Problems);

        _fixture.File = "{}" + new string(' ', Limit);

        Assert.Equal("model-runner.json: has 1048578 bytes, more than the limit of 1048576; name a readable JSON file.", _fixture.Problem());
    }

    [Theory]
    [InlineData("""{ "prot": 1 }""", "model-runner.json:1: prot: is not a known key; did you mean port?.")]
    [InlineData("""{ "metrics": { "minIntervall": "1s" } }""", "model-runner.json:1: metrics.minIntervall: is not a known key; did you mean metrics.minInterval?.")]
    [InlineData("""{ "model": {} }""", "model-runner.json:1: model: is not a known key; did you mean models?.")]
    [InlineData("""{ "zzzzzzzzz": 1 }""", "model-runner.json:1: zzzzzzzzz: is not a known key; remove it; docs/configuration.md lists the keys.")]
    [InlineData("""{ "port": "8080" }""", "model-runner.json:1: port: is a string; write a whole number from 0 to 65535, without quotes.")]
    [InlineData("""{ "demo": "yes" }""", "model-runner.json:1: demo: is a string; write true or false, without quotes.")]
    [InlineData("""{ "metrics": 1 }""", "model-runner.json:1: metrics: is a number; write an object.")]
    [InlineData("""{ "socket": null }""", "model-runner.json:1: socket: is null; write a string in quotes: a path.")]
    [InlineData("""[]""", "model-runner.json:1: is a list; write an object with the options.")]
    [InlineData("""{ "models": [] }""", "model-runner.json:1: models: is a list; write an object with a member for each model.")]
    [InlineData("""{ "models": { "a": 1 } }""", "model-runner.json:1: models.a: is a number; write an object, {} for the defaults.")]
    [InlineData("""{ "models": { "a:b": { "pth": "x" } } }""", "model-runner.json:1: models[\"a:b\"].pth: is not a known key; did you mean path?.")]
    [InlineData("""{ "models": { "a": { "priority": "high" } } }""", "model-runner.json:1: models.a.priority: \"high\" is not a priority; write interactive or background.")]
    [InlineData("""{ "models": { "a": { "maxQueued": 0 } } }""", "model-runner.json:1: models.a.maxQueued: \"0\" is not a whole number from 1 to 100000; change it or leave it out.")]
    [InlineData("""{ "models": { "a": { "queueTimeout": "0.5s" } } }""", "model-runner.json:1: models.a.queueTimeout: \"0.5s\" is not a duration from 1s to 24h, such as 500ms, 10m, 1h30m or a number of seconds; change it or leave it out.")]
    [InlineData("""{ "models": { "a": { "concurrency": 0 } } }""", "model-runner.json:1: models.a.concurrency: \"0\" is not a whole number from 1 to 100000; change it or leave it out.")]
    [InlineData("""{ "models": { "a": { "contextSize": "8k" } } }""", "model-runner.json:1: models.a.contextSize: \"8k\" is not a whole number from 1 to 16777216 or \"auto\"; write the number without quotes.")]
    [InlineData("""{ "models": { "a": {}, "A:latest": {} } }""", "is the same model as another entry, a:latest; keep one of them.")]
    [InlineData("""{ "models": { "a": {}, "a": {} } }""", "model-runner.json:1: models.a: is written twice; keep one of them.")]
    [InlineData("""{ "models": { "a": { "aliases": ["c"] }, "b": { "aliases": ["c"] } } }""", "\"c:latest\" is an alias of b:latest and also leads to a:latest; keep one of them.")]
    [InlineData("""{ "models": { "a": { "contextSize": "auto", "args": "-c 2" } } }""", "has both contextSize and --ctx-size; keep contextSize, which counts per slot.")]
    [InlineData("""{ "models": { "a": { "contextSize": 1, "args": "-c 2" } } }""", "has both contextSize and --ctx-size; keep contextSize, which counts per slot.")]
    public void Problems_are_reported_with_their_position_and_a_solution(string json, string expected)
    {
        _fixture.File = json;
        Assert.EndsWith(expected.Replace("?.", "?", StringComparison.Ordinal), _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"port\": 1,\n  oops }", "model-runner.json:2: is not JSON from column 3 on;")]
    [InlineData("", "model-runner.json:1: is not JSON from column 1 on;")]
    [InlineData("{} {}", "model-runner.json:1: is not JSON from column 4 on;")]
    [InlineData("{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "model-runner.json:1: is not JSON from column ")]
    public void Invalid_JSON_is_reported_with_line_and_column(string json, string expected)
    {
        _fixture.File = json;
        Assert.StartsWith(expected, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"port\": 1,\n  \"socket\": \"\u00e4.sock\" }", "model-runner.json:2: is not UTF-8 from column 14 on; save the file as UTF-8.")]
    [InlineData("\u00ff\u00fe{\0}\0", "model-runner.json:1: is not UTF-8 from column 1 on; save the file as UTF-8.")]
    public void Invalid_UTF8_is_reported_with_line_and_column(string latin1, string expected)
    {
        _fixture.Folder.Write("model-runner.json", Encoding.Latin1.GetBytes(latin1));
        Assert.Equal(expected, _fixture.Problem());
    }

    [Theory]
    [InlineData("""{ "socket": "\ud83e" }""", "model-runner.json:1: socket: has an escape such as \"\\ud800\" that is only half of a character; write the whole character.")]
    [InlineData("""{ "models": { "\udda6": {} } }""", "model-runner.json:1: models: has an escape such as \"\\ud800\" that is only half of a character; write the whole character.")]
    public void Half_a_character_is_reported_with_its_position(string json, string expected)
    {
        _fixture.File = json;
        Assert.Contains(expected, _fixture.Problems());
    }

    [Fact]
    public void A_named_file_must_exist_and_the_default_one_is_optional()
    {
        Assert.NotNull(_fixture.Resolve().Settings);
        _fixture.Environment["MODEL_RUNNER_CONFIG"] = "other.json";
        Assert.StartsWith("MODEL_RUNNER_CONFIG: \"other.json\" does not exist;", _fixture.Problem(), StringComparison.Ordinal);
        _fixture.Folder.Write("other.json", """{ "port": 7 }""");
        Assert.Equal(7, _fixture.Settings().Listen.Tcp!.Port);
        _fixture.Flags["--config"] = ".";
        Assert.StartsWith("--config: \".\" is a folder;", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:relative.sock")]
    [InlineData("unix:")]
    [InlineData("https://127.0.0.1:9001/v1")]
    [InlineData("http://127.0.0.1:9001/v1")]
    [InlineData("http://u:p@127.0.0.1:9001")]
    [InlineData("127.0.0.1:9001")]
    [InlineData("http://")]
    public void An_endpoint_must_be_a_socket_or_an_http_address(string endpoint)
    {
        _fixture.File = $$"""{ "runners": [ { "backend": "x", "model": "a", "mode": "completion", "endpoint": "{{endpoint}}" } ] }""";
        Assert.Equal(
            $"model-runner.json:1: runners[0].endpoint: \"{endpoint}\" is not an endpoint; write {EndpointText.ExpectedWithTls}.", _fixture.Problem());
    }

    [Fact]
    public void All_missing_members_of_an_attached_runner_are_reported()
    {
        _fixture.File = """{ "runners": [ {}, 3 ] }""";
        string[] problems = _fixture.Problems();
        Assert.Equal(5, problems.Length);
        Assert.Contains("model-runner.json:1: runners[0]: lacks mode; add mode, completion, embedding or reranking.", problems);
        Assert.Contains("model-runner.json:1: runners[1]: is a number; write an object.", problems);
    }

    [Fact]
    public void Two_runners_with_the_same_labels_need_replicas()
    {
        static string File(string first, string second) => $$"""
            { "runners": [
              { "backend": "x", "model": "a", "mode": "completion", "endpoint": "http://127.0.0.1:1" {{first}} },
              { "backend": "x", "model": "A:latest", "mode": "completion", "endpoint": "http://127.0.0.1:2" {{second}} } ] }
            """;

        _fixture.File = File("", "");
        Assert.Equal(2, _fixture.Problems().Length);
        _fixture.File = File(""", "replica": "1" """, "");
        Assert.Equal(
            "model-runner.json:3: runners[1]: has the same backend, model and mode as another runner (x, a:latest, completion); "
            + "give each of them a replica of its own.",
            _fixture.Problem());
        _fixture.File = File(""", "replica": "1" """, """, "replica": "1" """);
        Assert.Contains("\"1\" is also the replica of another runner", _fixture.Problem(), StringComparison.Ordinal);
        _fixture.File = File(""", "replica": "1" """, """, "replica": "2" """);
        Assert.Equal(["1", "2"], _fixture.Settings().AttachedRunners.Select(static runner => runner.Replica));
    }

    [Fact]
    public void A_replica_is_kept_only_if_it_distinguishes_two_runners()
    {
        _fixture.File = """
            { "runners": [ { "backend": "x", "model": "a", "mode": "completion", "endpoint": "http://127.0.0.1:1", "replica": "1" } ] }
            """;
        Assert.Null(Assert.Single(_fixture.Settings().AttachedRunners).Replica);
    }

    [Fact]
    public void Values_with_control_characters_stay_on_one_line()
    {
        _fixture.File = """{ "logLevel": "a\nb\u001b[31m" }""";
        Assert.Contains("\"a\\nb\\x1b[31m\" is not one of", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "models": { "a\nb": {} } }""", "model-runner.json:1: models[\"a\\nb\"]: \"a\\nb\" holds control characters;")]
    [InlineData("""{ "models": { "a\n": {} } }""", "model-runner.json:1: models[\"a\\n\"]: \"a\\n\" holds control characters;")]
    [InlineData("""{ "models": { "a": { "aliases": ["b\t"] } } }""", "model-runner.json:1: models.a.aliases: \"b\\t\" holds control characters;")]
    [InlineData("""{ "runners": [ { "backend": "x", "model": "a\r", "mode": "completion", "endpoint": "unix:/x" } ] }""",
        "model-runner.json:1: runners[0].model: \"a\\r\" holds control characters;")]
    [InlineData("""{ "runners": [ { "backend": "x", "model": "a", "modelName": "b\nc", "mode": "completion", "endpoint": "unix:/x" } ] }""",
        "model-runner.json:1: runners[0].modelName: \"b\\nc\" cannot be the name of a model;")]
    public void A_name_of_a_model_has_no_control_characters(string file, string problem)
    {
        _fixture.File = file;
        Assert.StartsWith(problem, _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_ignored()
    {
        _fixture.File = "\ufeff{ \"port\": 9 }";
        Assert.Equal(9, _fixture.Settings().Listen.Tcp!.Port);
    }
}
