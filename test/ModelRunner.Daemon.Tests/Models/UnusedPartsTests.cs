using ModelRunner.Daemon.Models;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Several tags of Ollama may be one file, and each tag has its own parts.</summary>
public sealed class UnusedPartsTests : IDisposable
{
    private const string Library = "registry.ollama.ai/library";
    private static readonly byte[] Weights = SourceBed.Model(1);
    private static readonly (string Kind, byte[] Content) System = ("system", "Be brief."u8.ToArray());
    private readonly SourceBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void A_part_is_told_of_the_tag_that_has_it()
    {
        Add("plain");
        Add("sys", System);
        Add("tpl", ("template", "{{ .Prompt }}"u8.ToArray()));
        using ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(
            [
                "model \"ollama/otter:sys\" is run without its system prompt, which only Ollama uses",
                "model \"ollama/otter:tpl\" is run without its template, which only Ollama uses",
            ],
            catalog.ListProblems());
        Assert.Equal(
            [("ollama/otter:sys", "system prompt"), ("ollama/otter:tpl", "template")],
            catalog.Find("ollama/otter:plain").Model!.Unused.Select(static unused => (unused.Name, Assert.Single(unused.Parts))));
    }

    [Fact]
    public void Tags_with_the_same_parts_are_one_sentence_with_commas()
    {
        foreach (string tag in (string[])["a", "b", "c"])
            Add(tag, System, ("messages", "[]"u8.ToArray()), ("params", """{"stop":["x"],"mirostat":2,"use_mlock":true,"num_gpu":-1}"""u8.ToArray()));
        using ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(
            "model \"ollama/otter:a\" (also ollama/otter:b, ollama/otter:c) is run without its stop sequences, system prompt, example messages, "
            + "parameter mirostat and parameter use_mlock, which only Ollama uses; send \"stop\" in requests whose answers need it",
            Assert.Single(catalog.ListProblems()));
    }

    [Fact]
    public async Task The_parts_of_the_name_that_was_asked_for_are_shown()
    {
        Add("plain");
        Add("sys", System);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_SOURCES"] = "ollama", ["OLLAMA_MODELS"] = _bed.Folder.PathOf("ollama"),
            },
        });

        Assert.False((await daemon.GetAsync("models/ollama/otter:plain")).TryGetProperty("unused", out _));
        Assert.Equal("system prompt", Assert.Single((await daemon.GetAsync("models/ollama/otter:sys")).GetProperty("unused").GetProperty("parts").EnumerateArray()).GetString());
    }

    private void Add(string tag, params (string Kind, byte[] Content)[] parts) =>
        _bed.Folder.AddToOllama($"{Library}/otter/{tag}", [("model", Weights), .. parts]);
}
