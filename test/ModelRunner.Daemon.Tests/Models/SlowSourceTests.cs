using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Stores of tools that cannot be read, or not in time.</summary>
public sealed class SlowSourceTests : IDisposable
{
    private readonly SourceBed _bed = new();
    private readonly ManualResetEventSlim _allowed = new();
    private readonly SemaphoreSlim _begun = new(0);

    public void Dispose()
    {
        _allowed.Set();
        _bed.Dispose();
        _begun.Dispose();
        _allowed.Dispose();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_source_that_hangs_delays_no_model_of_another_place_and_is_reported()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        _bed.Folder.Write("studio/lab/Lark/Lark-Q8_0.gguf", SourceBed.Model(2));
        ModelCatalog catalog = Hanging(SourceKind.Ollama);

        // Fake time stands still, so whoever waited for the source would wait forever.
        Assert.Equal("own:latest", (await catalog.FindAsync("own", Cancellation)).Model?.Reference);
        await _begun.WaitAsync(Cancellation);
        Task<ModelLookup> early = catalog.FindAsync("unknown", Cancellation);
        Assert.False(early.IsCompleted);

        await AdvanceUntilAsync(early);

        Assert.Equal(ModelLookupReason.Unknown, (await early).Reason);
        Assert.Equal(["lmstudio/lab/lark:Q8_0", "own:latest"], (await catalog.ListAsync(Cancellation)).Select(static model => model.Reference));
        SourceReport report = Assert.Single(catalog.ListSources(), static source => source.Kind == SourceKind.Ollama);
        Assert.Matches("^has not been read for [0-9]+ s: its disk does not respond$", Assert.Single(report.Problems));
        Assert.Empty(await catalog.ListProblemsAsync(Cancellation));

        _allowed.Set();
    }

    [Fact]
    public async Task Until_a_source_has_been_read_an_unknown_name_may_still_be_there()
    {
        ModelCatalog catalog = Hanging(SourceKind.HuggingFace);
        Task<ModelLookup> early = catalog.FindAsync("hf.co/lab/otter", Cancellation);
        await _begun.WaitAsync(Cancellation);
        _bed.Folder.AddToHuggingFace("lab/otter", "Otter-Q4_0.gguf", SourceBed.Model(1));

        _allowed.Set();

        Assert.Equal("huggingface.co/lab/otter:Q4_0", (await early).Model?.Reference);
    }

    [Fact]
    public async Task A_source_that_fails_keeps_its_models_and_is_read_again()
    {
        _bed.Folder.Write("old/finch.gguf", SourceBed.Model(1));
        bool fails = false;
        ModelCatalog catalog = Reading(source => fails ? throw new IOException("/secret/path") : SourceReader.Read(source, _bed.Time));
        Assert.Single(await catalog.ListAsync(Cancellation));

        fails = true;
        _bed.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Single(await catalog.ListAsync(Cancellation));
        Assert.Contains("cannot be read now: its folders could not be opened", catalog.ListSources()[0].Problems);

        fails = false;
        File.Delete(_bed.Folder.PathOf("old/finch.gguf"));
        _bed.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Empty(await catalog.ListAsync(Cancellation));
    }

    [Fact]
    public async Task Any_fault_ends_a_scan()
    {
        ModelCatalog catalog = Reading(static _ => throw new InvalidOperationException("a fault"));

        Assert.Equal(ModelLookupReason.Unknown, (await catalog.FindAsync("unknown", Cancellation)).Reason);

        Assert.All(catalog.ListSources(), static source => Assert.Equal(["cannot be read now: an internal error of the daemon"], source.Problems));
        Assert.NotEmpty(catalog.ListSources());
    }

    [Fact]
    public void The_files_of_a_tool_are_only_looked_at_by_its_scan()
    {
        string path = _bed.Folder.Write("old/finch.gguf", SourceBed.Model(1));
        SourceSettings source = _bed.Settings.Sources.First(static source => source.Kind == SourceKind.LlamaCpp);
        var listing = SourceListing.Describe(source.Kind, SourceReader.Read(source, _bed.Time));
        var models = new Dictionary<string, ModelSource>(StringComparer.Ordinal);

        // A disk that hangs cannot be had here, but whoever looks at the file finds that it is gone.
        File.Delete(path);
        new ForeignModels(
            static (name, file, settings, origin) => ModelSource.Create(name, file, settings, origin, null), static _ => null, models,
            static (_, _, _, _, _) => { }, static _ => []).Add([listing]);

        ModelFile file = Assert.Single(models.Values).File!;
        Assert.Equal((null, SourceBed.Model(1).Length), (file.Problem, file.SizeBytes));
    }

    [Fact]
    public void What_other_users_may_not_read_is_told()
    {
        _bed.Folder.AddToOllama("registry.ollama.ai/library/otter/latest", [("model", SourceBed.Model(1))]);
        _bed.Folder.AddToHuggingFace("lab/otter", "Otter-Q4_0.gguf", SourceBed.Model(1));
        File.SetUnixFileMode(_bed.Folder.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(_bed.Folder.PathOf("ollama/blobs"), UnixFileMode.None);
        File.SetUnixFileMode(_bed.Folder.PathOf("hub/models--lab--otter"), UnixFileMode.None);
        IReadOnlyList<SourceSettings> sources = _bed.Settings.Sources;
        try
        {
            ForeignListing ollama = OtherUser.Run(() => Read(SourceKind.Ollama)), huggingFace = OtherUser.Run(() => Read(SourceKind.HuggingFace));

            Assert.Equal(
                "has weights that this user may not read; give this user the right to read the folder of Ollama", Assert.Single(ollama.Models).Problem);
            Assert.Equal(["has a folder snapshots that this user may not read"], huggingFace.Problems);
        }
        finally
        {
            File.SetUnixFileMode(_bed.Folder.PathOf("ollama/blobs"), (UnixFileMode)0b111_000_000);
            File.SetUnixFileMode(_bed.Folder.PathOf("hub/models--lab--otter"), (UnixFileMode)0b111_000_000);
        }

        ForeignListing Read(SourceKind kind) => SourceReader.Read(sources.First(source => source.Kind == kind), TimeProvider.System);
    }

    private ModelCatalog Hanging(SourceKind kind) => Reading(source =>
    {
        if (source.Kind == kind)
        {
            _begun.Release();
            _allowed.Wait(Cancellation);
        }

        return SourceReader.Read(source, _bed.Time);
    });

    private ModelCatalog Reading(Func<SourceSettings, ForeignListing> read) => new(
        _bed.Settings, _bed.Time, () => StoreScanner.Scan(_bed.Settings.ModelsPath), FileThreads.Shared, read);

    private async Task AdvanceUntilAsync(Task task)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!task.IsCompleted)
        {
            _bed.Time.Advance(TimeSpan.FromSeconds(1));
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }
}
