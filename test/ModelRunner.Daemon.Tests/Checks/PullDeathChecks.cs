using System.Diagnostics;
using System.Net;
using System.Text;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>The daemon is killed at any moment of a pull, from its request to the entry in the list of models.</summary>
[Collection(CheckGroup.Name)]
public sealed class PullDeathChecks
{
    private const int Rounds = 100;
    private const int Lanes = 2;
    private const int Measured = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_SIGKILL_at_any_moment_no_listed_model_is_incomplete_and_the_next_pull_finishes()
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<PullDeath>[] lanes = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(RunLaneAsync));
        PullDeath[] deaths = [.. lanes.SelectMany(static lane => lane)];

        string counts = string.Join(", ", Enum.GetValues<PullPhase>().Select(
            phase => $"{deaths.Count(death => death.Phase == phase)} {phase}"));
        int continued = deaths.Count(static death => death.WasContinued);
        Figures.Print($"{deaths.Length} kills in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s: {counts}; {continued} of the next pulls continued a file");
        Assert.Equal(Rounds, deaths.Length);
        foreach (PullPhase phase in Enum.GetValues<PullPhase>())
            Assert.True(deaths.Any(death => death.Phase == phase), $"no kill in the phase {phase}: {counts}");
        Assert.True(continued > 0, $"no file was continued: {counts}");
    }

    private static async Task<IReadOnlyList<PullDeath>> RunLaneAsync(int lane)
    {
        using var folder = new TemporaryFolder();
        await using PacedRegistry registry = await PacedRegistry.StartAsync(lane * 1000);
        var deaths = new List<PullDeath>();
        var random = new Random(lane);
        DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        try
        {
            PullTimes longest = await MeasureAsync(daemon, folder, registry);
            while (deaths.Count < Rounds / Lanes)
            {
                // Each quarter of the kills is at a random moment of one phase, so that the short phases get their share.
                PacedModel model = registry.Next();
                Task<string?> pull = PullAsync(daemon, registry.NameOf(model));
                await WaitForMomentAsync((PullPhase)(deaths.Count % 4), model, longest, random);
                await daemon.KillAsync();
                string? last = await pull;
                await daemon.DisposeAsync();
                PullPhase phase = CheckAfterDeath(folder, registry.NameOf(model), model, last);

                daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
                int continued = registry.Continued;
                await daemon.PullAsync(registry.NameOf(model));
                CheckWhole(folder, registry.NameOf(model), model);
                deaths.Add(new PullDeath(phase, registry.Continued > continued));
                await RemoveAsync(daemon, registry.NameOf(model));
            }
        }
        finally
        {
            await daemon.DisposeAsync();
        }

        return deaths;
    }

    // The first pull of a process is slower than the others, and does not count.
    private static async Task<PullTimes> MeasureAsync(DaemonFixture daemon, TemporaryFolder folder, PacedRegistry registry)
    {
        var longest = new PullTimes(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        for (int pull = 0; pull < Measured; pull++)
        {
            PacedModel model = registry.Next();
            long start = Stopwatch.GetTimestamp();
            await daemon.PullAsync(registry.NameOf(model));
            TimeSpan whole = Stopwatch.GetElapsedTime(start);
            TimeSpan age = TimeProvider.System.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(StoreIn(folder)!.IndexFile);
            if (pull > 0)
            {
                TimeSpan begin = Stopwatch.GetElapsedTime(start, await model.Begun), sent = Stopwatch.GetElapsedTime(start, await model.Sent);
                TimeSpan answer = age > TimeSpan.Zero && age < whole - sent ? age : TimeSpan.Zero;
                longest = longest.OrLonger(new PullTimes(begin, sent - begin, whole - sent - answer, answer));
            }

            await RemoveAsync(daemon, registry.NameOf(model));
        }

        return longest;
    }

    private static async Task WaitForMomentAsync(PullPhase phase, PacedModel model, PullTimes longest, Random random)
    {
        if (phase == PullPhase.BetweenBytes)
            await model.Begun.WaitAsync(DaemonFixture.Patience, Token);
        if (phase >= PullPhase.AfterLastByte)
            await model.Sent.WaitAsync(DaemonFixture.Patience, Token);
        TimeSpan before = phase == PullPhase.Listed ? longest.End : TimeSpan.Zero;
        await Task.Delay(before + (random.NextDouble() * longest.Of(phase)), Token);
    }

    /// <returns>The phase that the files show.</returns>
    private static PullPhase CheckAfterDeath(TemporaryFolder folder, string name, PacedModel model, string? last)
    {
        Assert.True(last is null || last.Contains("\"success\"", StringComparison.Ordinal) || last.Contains("\"progress\"", StringComparison.Ordinal), last);
        bool isAnswered = last?.Contains("\"success\"", StringComparison.Ordinal) ?? false;
        if (StoreIn(folder) is not { } store)
        {
            Assert.False(isAnswered, last);
            return PullPhase.BeforeFirstByte;
        }

        StoreIndex index = StoreIndexFile.Read(store);
        foreach (StoreEntry entry in index.Entries)
        {
            Assert.Equal(entry.Id, ContentHash.Of(ManifestFile.ReadBytes(store, entry.Id)));
            Assert.All(entry.Files, file => Assert.True(ContentHash.Matches(File.ReadAllBytes(store.BlobOf(file)), file)));
        }

        if (index.Find(name) is not null)
        {
            CheckWhole(folder, name, model, isPullEnded: isAnswered);
            return PullPhase.Listed;
        }

        Assert.False(isAnswered, last);
        long[] there = [.. model.Layers.Select(layer => LengthOf(store.BlobOf(ContentHash.Of(layer)), layer.Length))];
        return there.All(static length => length == 0) ? PullPhase.BeforeFirstByte
            : there.Zip(model.Layers).All(static pair => pair.First == pair.Second.Length) ? PullPhase.AfterLastByte
            : PullPhase.BetweenBytes;
    }

    private static void CheckWhole(TemporaryFolder folder, string name, PacedModel model, bool isPullEnded = true)
    {
        StoreFolder store = StoreIn(folder)!;
        StoreEntry entry = Assert.IsType<StoreEntry>(StoreIndexFile.Read(store).Find(name));
        Assert.Equal(model.Manifest, ManifestFile.ReadBytes(store, entry.Id));
        Assert.All(model.Layers.Append(model.Config), file => Assert.Equal(file, File.ReadAllBytes(store.BlobOf(ContentHash.Of(file)))));
        Assert.Equal(model.Layers, BundleFolder.PartsOf(store, entry.Id, model.Layers.Count).Select(File.ReadAllBytes));
        if (isPullEnded)
            Assert.Empty(Directory.GetFiles(store.Blobs, "*" + StoreFolder.PartialEnding, SearchOption.AllDirectories));
    }

    private static long LengthOf(string blob, long whole) => File.Exists(blob) ? whole
        : new FileInfo(blob + StoreFolder.PartialEnding) is { Exists: true } partial ? partial.Length
        : 0;

    private static StoreFolder? StoreIn(TemporaryFolder folder) =>
        Directory.GetFiles(folder.Path, StoreFolder.LayoutFileName, SearchOption.AllDirectories) is [var layout]
            ? new StoreFolder(Path.GetDirectoryName(layout)!)
            : null;

    private static async Task RemoveAsync(DaemonFixture daemon, string name)
    {
        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri($"models/{name}", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <returns>The last line that came; null: none.</returns>
    private static async Task<string?> PullAsync(DaemonFixture daemon, string name)
    {
        string? last = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "models/create")
            {
                Content = new StringContent($$"""{"from":"{{name}}"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Accept.ParseAdd("application/json");
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
            while (await reader.ReadLineAsync(Token) is { } line)
                last = line;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            // The daemon is dead.
        }

        return last;
    }
}
