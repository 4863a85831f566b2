using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>The member <c>draft</c> of a model.</summary>
public sealed class DraftSectionTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void All_members_are_read()
    {
        _fixture.File = File("""{ "model": "Lab/Otter:1b", "maxTokens": 16, "minProbability": 0.75 }""");

        DraftSettings draft = _fixture.Settings().Models["otter:latest"].Draft!;

        Assert.Equal(("lab/otter:1b", 16, 0.75), (draft.Model.ToString(), draft.MaxTokens, draft.MinProbability));
    }

    [Fact]
    public void Only_the_model_is_required()
    {
        _fixture.File = File("""{ "model": "small" }""");

        DraftSettings draft = _fixture.Settings().Models["otter:latest"].Draft!;

        Assert.Equal(("small:latest", null, null), (draft.Model.ToString(), draft.MaxTokens, draft.MinProbability));
        _fixture.File = """{ "models": { "otter": {} } }""";
        Assert.Null(_fixture.Settings().Models["otter:latest"].Draft);
    }

    [Theory]
    [InlineData("\"small\"", "models.otter.draft: is a string; write an object.")]
    [InlineData("""{}""", "models.otter.draft: lacks model; add model, the name of a small model with the same vocabulary.")]
    [InlineData("""{ "model": "" }""", "models.otter.draft.model: \"\" is empty; write a name such as llama3.2.")]
    [InlineData("""{ "model": "a", "maxTokens": 257 }""", "models.otter.draft.maxTokens: \"257\" is not a whole number from 1 to 256; change it or leave it out.")]
    [InlineData("""{ "model": "a", "minProbability": 1.01 }""", "models.otter.draft.minProbability: \"1.01\" is not a number from 0 to 1; change it or leave it out.")]
    [InlineData("""{ "model": "a", "minProbability": "0.5" }""", "models.otter.draft.minProbability: is a string; write a number from 0 to 1.")]
    [InlineData("""{ "model": "a", "maxToken": 3 }""", "models.otter.draft.maxToken: is not a known key; did you mean maxTokens?")]
    public void A_wrong_one_is_told_with_the_way_out(string draft, string problem)
    {
        _fixture.File = File(draft);

        Assert.Contains(problem, string.Join('\n', _fixture.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_another_engine_has_none()
    {
        _fixture.File = """
            { "engines": { "x": { "command": ["x", "{port}"] } },
              "models": { "otter": { "engine": "x", "mode": "completion", "draft": { "model": "small" } } } }
            """;

        Assert.Contains("models.otter.draft: is only for llama.cpp and not for engine x", string.Join('\n', _fixture.Problems()), StringComparison.Ordinal);
    }

    private static string File(string draft) => $$"""{ "models": { "otter": { "draft": {{draft}} } } }""";
}
