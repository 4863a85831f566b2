using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>The configuration names a model by another name of the same meaning.</summary>
public sealed class ConfiguredNamesTests : IDisposable
{
    private static readonly string Id = ArtifactBed.Id("a", 1);

    private readonly ArtifactBed _bed = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    [Theory]
    [InlineData("smollm2:latest")]
    [InlineData("docker.io/ai/smollm2:latest")]
    [InlineData("ai/smollm2:latest")]
    public async Task A_pulled_model_has_the_settings_of_an_entry_with_any_spelling_of_its_name(string entry)
    {
        _bed.Add(Id, 1, "docker.io/ai/smollm2:latest");
        Configure(entry);
        using ModelCatalog catalog = _bed.Catalog();

        foreach (string name in (string[])["smollm2", "ai/smollm2", "docker.io/ai/smollm2", "fast"])
        {
            ModelEntry? model = (await catalog.FindAsync(name, Cancellation)).Model;
            Assert.Equal(("ai/smollm2:latest", 77), (model?.Reference, model?.ContextSize));
        }

        Assert.Empty(await catalog.ListProblemsAsync(Cancellation));
        Assert.Single(await catalog.ListAsync(Cancellation));
    }

    [Fact]
    public async Task A_file_with_the_very_name_of_the_entry_has_its_settings_and_no_other_model()
    {
        _bed.Add(Id, 1, "docker.io/ai/smollm2:latest");
        _bed.Folder.Write("models/smollm2.gguf", SourceBed.Model(2));
        Configure("smollm2:latest");
        using ModelCatalog catalog = new(_bed.Settings.With(Keeping("ai/smollm2:latest"), null), _bed.Time);

        Assert.Equal(2, (await catalog.ListAsync(Cancellation)).Count);
        Assert.Equal(77, (await catalog.FindAsync("smollm2", Cancellation)).Model?.ContextSize);
        Assert.Equal(2048, (await catalog.FindAsync("ai/smollm2", Cancellation)).Model?.ContextSize);
    }

    /// <summary>The file may have been removed. What Docker Hub has under this name is another model.</summary>
    [Fact]
    public async Task A_missing_model_with_a_name_of_one_part_is_pulled_only_by_a_command()
    {
        Configure("smollm2:latest");
        using ModelCatalog catalog = _bed.Catalog();

        ModelLookup found = await catalog.FindAsync("smollm2", Cancellation);

        Assert.Equal((ModelLookupReason.Unknown, true, "ai/smollm2:latest"), (found.Reason, found.NeedsCommand, found.Pullable?.ToShortString()));
        Assert.Contains("the models folder has no smollm2.gguf, the model store has no pulled model of its name", found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_model_with_a_full_name_may_be_pulled()
    {
        Configure("lab/otter:7b");
        using ModelCatalog catalog = _bed.Catalog();

        ModelLookup found = await catalog.FindAsync("lab/otter:7b", Cancellation);

        Assert.Equal((ModelLookupReason.Unknown, false, "lab/otter:7b"), (found.Reason, found.NeedsCommand, found.Pullable?.ToShortString()));
    }

    [Fact]
    public async Task A_missing_file_that_the_configuration_names_is_an_error_with_its_name_and_never_pulled()
    {
        _bed.Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["lab/otter:7b"] = new() { Path = _bed.Folder.PathOf("gone.gguf") } };
        using ModelCatalog catalog = _bed.Catalog();

        ModelLookup found = await catalog.FindAsync("lab/otter:7b", Cancellation);

        Assert.Equal((ModelLookupReason.Unusable, null), (found.Reason, found.Pullable));
        Assert.Equal("model \"lab/otter:7b\" cannot be used: its file gone.gguf does not exist", found.Problem);
    }

    /// <summary>Whatever the order in which the files are found.</summary>
    [Theory]
    [InlineData("smollm2:latest", 77, 2048)]
    [InlineData("ai/smollm2:latest", 2048, 77)]
    public async Task Only_the_file_with_exactly_the_name_of_the_entry_has_its_settings(string entry, int bare, int inFolder)
    {
        _bed.Folder.Write("models/smollm2.gguf", SourceBed.Model(1));
        _bed.Folder.Write("models/ai/smollm2.gguf", SourceBed.Model(2));
        Configure(entry);
        StoreListing store = StoreScanner.Scan(_bed.Settings.ModelsPath);

        foreach (StoreListing listing in (StoreListing[])[store, store with { Models = [.. store.Models.Reverse()] }])
        {
            ModelSnapshot snapshot = new ModelSnapshotBuilder(_bed.Settings, new Dictionary<string, ConfiguredFile>()).Build(listing, []);
            Assert.Equal(
                [("ai/smollm2:latest", inFolder == 77), ("smollm2:latest", bare == 77)],
                snapshot.Sources.Select(static source => (source.Reference.ToString(), source.Settings.ContextSize == 77)));
        }
    }

    [Fact]
    public void A_changed_entry_concerns_the_model_that_has_its_settings()
    {
        Configure("smollm2:latest");
        var change = new SettingsChange(_bed.Settings with { Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) }, _bed.Settings);
        Assert.Contains("ai/smollm2:latest", change.FindOutdatedModels());
    }

    [Theory]
    [InlineData("smollm2:latest")]
    [InlineData("docker.io/ai/smollm2:latest")]
    [InlineData("ai/smollm2:latest")]
    public async Task A_change_by_a_client_concerns_the_model_and_hides_it_from_nobody(string entry)
    {
        _bed.Add(Id, 1, "docker.io/ai/smollm2:latest");
        Configure(entry);
        DaemonSettings changed = _bed.Settings.With(Keeping("ai/smollm2:latest"), null);

        Assert.Empty(new SettingsChange(_bed.Settings, changed).FindOutdatedModels());
        using var catalog = new ModelCatalog(changed, _bed.Time);
        foreach (string name in (string[])["smollm2", "ai/smollm2", "docker.io/ai/smollm2", "fast"])
        {
            ModelEntry? model = (await catalog.FindAsync(name, Cancellation)).Model;
            Assert.Equal(("ai/smollm2:latest", 77, TimeSpan.Zero), (model?.Reference, model?.ContextSize, model?.Settings.KeepAlive));
            Assert.Equal(["fast:latest"], model!.Settings.Aliases);
        }

        Assert.Single(await catalog.ListAsync(Cancellation));
        Assert.Empty(await catalog.ListProblemsAsync(Cancellation));
    }

    [Fact]
    public async Task A_change_by_a_client_is_no_model_after_the_removal()
    {
        Configure("smollm2:latest");
        using var catalog = new ModelCatalog(_bed.Settings.With(Keeping("ai/smollm2:latest"), null), _bed.Time);

        Assert.Equal("smollm2:latest", Assert.Single(await catalog.ListFoundAsync(Cancellation)).Reference.ToString());
    }

    private static Dictionary<string, ModelOverride> Keeping(string model) =>
        new(StringComparer.Ordinal) { [model] = new ModelOverride { KeepAlive = TimeSpan.Zero } };

    private void Configure(string entry) => _bed.Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
    {
        [entry] = new() { ContextSize = 77, Aliases = ["fast:latest"] },
    };
}
