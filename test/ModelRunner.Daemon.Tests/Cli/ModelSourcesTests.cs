using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

public sealed class ModelSourcesTests
{
    [Fact]
    public async Task Status_lists_the_tools_whose_models_are_used()
    {
        const string Sources = """[{"source":"ollama","models":2,"problems":["has a folder that this user may not read"]},{"source":"lmstudio","models":0,"problems":[]}]""";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/version", """{"version":"1.2.3"}""").On("/engines/status", "{}").On("/v1/models", $$"""{"data":[],"sources":{{Sources}}}""");

        (_, string output, _) = await daemon.RunAsync(["status"]);
        (_, string json, _) = await daemon.RunAsync(["status", "--json"]);

        Assert.EndsWith(
            "SOURCE     MODELS   PROBLEMS\nollama     2        has a folder that this user may not read\nlmstudio   0\n", output, StringComparison.Ordinal);
        Assert.EndsWith($",\"sources\":{Sources}}}\n", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ls_shows_problems_of_stores_in_place_of_the_advice_to_pull_a_model()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/models", "[]").On("/v1/models", """{"data":[],"sources":[{"source":"pulled","models":0,"problems":["cannot be read: it is damaged"]}]}""");

        (int code, string output, string error) = await daemon.RunAsync(["ls"]);

        Assert.Equal((0, "", "model-runner: warning: source pulled cannot be read: it is damaged\n"), (code, output, error));
    }

    [Fact]
    public async Task Ls_shows_where_a_model_comes_from()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync())
            .On("/models", """[{"id":"a:latest","tags":["a:latest","b:latest","c:latest"],"config":{"origins":["huggingface","ollama"]}}]""");

        Assert.Matches("(?m)^a:latest +huggingface, ollama +b:latest, c:latest$", (await daemon.RunAsync(["ls"])).Out);
    }

    [Fact]
    public async Task The_example_of_the_documents_is_what_ls_prints()
    {
        const string Config = "\"parameters\":\"951.42K\",\"quantization\":\"Q8_0\",\"architecture\":\"llama\",\"size_bytes\":1040000,\"modes\":[\"completion\"],\"origins\":";
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On(
            "/models",
            """[{"tags":["huggingface.co/lab/tiny-gguf:Q8_0","ollama/tiny:1b"],"created":1795820400,"config":{""" + Config
            + """["huggingface","ollama"]}},{"tags":["ollama/warm:1b"],"created":1795820400,"config":{""" + Config + """["ollama"]}}]""");
        string document = await File.ReadAllTextAsync(Path.Join(Repository.Root, "docs", "models.md"), TestContext.Current.CancellationToken);

        Assert.Contains($"```\n$ model-runner ls\n{(await daemon.RunAsync(["ls"])).Out}```\n", document, StringComparison.Ordinal);
    }
}
