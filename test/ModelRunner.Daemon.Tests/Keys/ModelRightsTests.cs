using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>What a key with a list of models learns about other models: nothing.</summary>
public sealed class ModelRightsTests : IDisposable
{
    private static readonly byte[] Good = GgufBuilder.Llama().Build();
    private readonly TemporaryFolder _store = new();
    private readonly FakeTimeProvider _time = new();

    public ModelRightsTests()
    {
        _store.Write("good.gguf", Good);
        _store.Write("cut.gguf", Good[..^10]);
        _store.Write("lab/otter.gguf", Good);
        _store.Write("zoo/otter.gguf", Good);
    }

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("good")]
    [InlineData("good:latest")]
    [InlineData("AI/Good")]
    [InlineData("cut")]
    [InlineData("otter")]
    [InlineData("goodd")]
    [InlineData("nothing")]
    public async Task Every_other_name_gets_the_same_error(string name)
    {
        ApiError error = await RefuseAsync(new ModelRights(new ModelCatalog(Settings(), _time)), "mine*,alias", name);

        Assert.Equal((403, "model_not_allowed", "model"), (error.Status, error.Code, error.Param));
        Assert.Equal($"the key \"ada\" may not use model \"{name}\", only mine*, alias; use one of these, or ask for this model", error.Message);
        Assert.Null(error.RetryAfter);
    }

    [Theory]
    [InlineData("cut", "cut", "model_unusable")]
    [InlineData("c*", "CUT", "model_unusable")]
    [InlineData("good", "", "model_invalid")]
    [InlineData("gone", "gone", "model_not_found")]
    [InlineData("go*", "goo", "model_not_found")]
    public async Task An_error_of_its_own_models_is_explained(string models, string name, string code) =>
        Assert.Equal(code, (await RefuseAsync(new ModelRights(new ModelCatalog(Settings(), _time)), models, name)).Code);

    [Theory]
    [InlineData("good", "models_loading")]
    [InlineData("g*", "models_loading")]
    [InlineData("cut", "model_not_allowed")]
    public async Task A_store_that_was_not_read_yet_tells_nothing_more(string models, string code)
    {
        var catalog = new ModelCatalog(Settings(), _time, static () => throw new IOException("no"), new FileThreads(1, 1));

        Assert.Equal(code, (await RefuseAsync(new ModelRights(catalog), models, "good")).Code);
    }

    private static async Task<ApiError> RefuseAsync(ModelRights rights, string models, string name)
    {
        var key = new KeySettings("ada", KeyDigest.Of("a")) { Models = [.. models.Split(',').Select(static text => ModelPattern.TryParse(text, out _)!)] };
        return (await Assert.ThrowsAsync<ApiException>(() => rights.FindAsync(new Caller("ada", key), name, TestContext.Current.CancellationToken))).Error;
    }

    private DaemonSettings Settings() => new() { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path };
}
