using ModelRunner.Store.Http;
using ModelRunner.Store.HuggingFace;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>The variables of Hugging Face's tools.</summary>
public sealed class HubSettingsTests
{
    [Theory]
    [InlineData("HF_TOKEN=a HUGGING_FACE_HUB_TOKEN=b", null, "a")]
    [InlineData("HF_TOKEN= HUGGING_FACE_HUB_TOKEN=b", null, "b")]
    [InlineData("HOME=/h", "/h/.cache/huggingface/token", "from the file")]
    [InlineData("HOME=/h XDG_CACHE_HOME=/x", "/x/huggingface/token", "from the file")]
    [InlineData("HOME=/h HF_HOME=/y", "/y/token", "from the file")]
    [InlineData("HF_HOME=/y HF_TOKEN_PATH=/z", "/z", "from the file")]
    [InlineData("HOME=/h", "/other", null)]
    public void The_token_comes_from_the_first_place_that_has_one(string variables, string? file, string? expected)
    {
        HubSettings settings = Read(variables, path => path == file ? " fromthefile\n" : null);
        Assert.Equal(expected?.Replace(" ", "", StringComparison.Ordinal), settings.Token);
    }

    [Theory]
    [InlineData("", "https://huggingface.co/")]
    [InlineData("HF_ENDPOINT=https://mirror.example/hf/", "https://mirror.example/hf/")]
    public void The_endpoint_may_have_a_path(string variables, string expected) => Assert.Equal(expected, Read(variables).Endpoint.AbsoluteUri);

    [Theory]
    [InlineData("HF_ENDPOINT=mirror", "HF_ENDPOINT")]
    [InlineData("HF_ENDPOINT=ftp://mirror", "HF_ENDPOINT")]
    [InlineData("HF_TOKEN=a\nb", "HF_TOKEN")]
    public void A_wrong_value_is_told(string variables, string expected)
    {
        RemoteException failure = Assert.Throws<RemoteException>(() => Read(variables));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    private static HubSettings Read(string variables, Func<string, string?>? readFile = null)
    {
        Dictionary<string, string> values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('=', 2))
            .ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
        return HubSettings.Read(values.GetValueOrDefault, readFile ?? (static _ => null));
    }
}
