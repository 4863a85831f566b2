using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Api;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The draft model in <c>/engines/_configure</c>.</summary>
public sealed class ConfigureDraftTests
{
    private static readonly DraftSettings Small = new(ModelReference.FromCanonical("lab/small")) { MaxTokens = 8, MinProbability = 0.75 };

    [Fact]
    public void A_draft_model_is_read_and_shown_as_docker_model_runner_writes_it()
    {
        ConfigureRequest request = Read("""{"draft_model":"Lab/Small","num_tokens":8,"min_acceptance_rate":0.75}""");

        ModelOverride settings = request.ApplyTo(ModelOverride.None);
        Assert.Equal((Small, false, true), (settings.Draft, settings.HasNoDraft, request.ChangesEngine));
        Assert.Equal(["draft model lab/small:latest"], request.Descriptions);
        Assert.Equal("""{"speculative":{"draft_model":"lab/small:latest","num_tokens":8,"min_acceptance_rate":0.75}}""", Show(settings));
    }

    [Fact]
    public void Zero_is_the_default_of_llama_server() =>
        Assert.Equal(
            Small with { MaxTokens = null, MinProbability = null },
            Read("""{"draft_model":"lab/small","num_tokens":0,"min_acceptance_rate":0}""").ApplyTo(ModelOverride.None).Draft);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"draft_model":null,"num_tokens":null}""")]
    public void What_says_nothing_changes_nothing(string section)
    {
        ConfigureRequest request = Read(section);

        Assert.Equal(Small, request.ApplyTo(new ModelOverride { Draft = Small }).Draft);
        Assert.Equal((false, 0), (request.ChangesEngine, request.Descriptions.Count));
    }

    [Fact]
    public void An_empty_name_takes_the_draft_model_of_the_file_away_and_null_gives_it_back()
    {
        var written = new ModelSettings { Draft = Small };

        ModelOverride none = Read("""{"draft_model":""}""").ApplyTo(new ModelOverride { Draft = Small with { MaxTokens = 3 } });

        Assert.Null(none.ApplyTo(written).Draft);
        Assert.Equal("""{"speculative":{"draft_model":""}}""", Show(none));
        Assert.False(none.IsEmpty);
        ModelOverride back = Read("null").ApplyTo(none);
        Assert.True(back.IsEmpty);
        Assert.Equal(Small, back.ApplyTo(written).Draft);
    }

    [Fact]
    public void Another_draft_model_makes_a_runner_outdated()
    {
        var before = new ModelSettings { Draft = Small };

        Assert.True(before.StartsLike(new ModelSettings { Draft = Small with { } }));
        Assert.False(before.StartsLike(new ModelSettings { Draft = Small with { MaxTokens = 9 } }));
        Assert.False(before.StartsLike(new ModelSettings()));
    }

    private static ConfigureRequest Read(string section) =>
        ConfigureRequest.Read(Encoding.UTF8.GetBytes($$"""{"model":"a","speculative":{{section}}}"""));

    private static string Show(ModelOverride settings)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            ConfigureResponse.WriteConfig(json, settings);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
