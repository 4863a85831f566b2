using Microsoft.Extensions.Time.Testing;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>
/// Two processes that change one store at the same time: pulls, removals, new names, collections. A seed decides which operations there are, in which order their
/// steps happen, when a process crashes, and when a week passes. After each step, every model of the list must be whole.
/// </summary>
internal sealed class StoreWorld : IDisposable
{
    private const int Processes = 2;
    private static readonly MadeArtifact[] Artifacts = [.. from first in Enumerable.Range(0, 4) from second in Enumerable.Range(0, 4) select Make(first, second)];

    private readonly TemporaryFolder _place = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly Random _random;
    private readonly StoreFolder _folder;
    private readonly StoreHolds[] _holds = [.. Enumerable.Range(0, Processes).Select(static _ => new StoreHolds())];
    private readonly List<StoreActor> _actors = [];
    private readonly List<string> _history = [];

    public StoreWorld(int seed) => (_random, _folder) = (new Random(seed), new StoreFolder(_place.PathOf("store")));

    /// <summary>Crashes, models that were listed at any time, and files that were removed, so that a test can tell that it tested something.</summary>
    public (int Crashes, int Listed, int Deleted) Counts { get; private set; }

    /// <summary>Runs so many steps.</summary>
    /// <returns>What was wrong, with the last steps; null: nothing was.</returns>
    public string? Run(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            if (_actors.Count < 4 && _random.Next(3) == 0)
                Begin();
            else
                Advance();
            if (FindProblem() is { } problem)
                return $"{problem} after {string.Join("; ", _history.TakeLast(25))}";
        }

        return null;
    }

    public void Dispose()
    {
        while (_actors.Count > 0)
            Go(_actors[0], crashes: true);
        _place.Dispose();
    }

    private static MadeArtifact Make(int first, int second) => first == second
        ? MadeArtifact.Of(new byte[] { (byte)first, 1, 2, 3 })
        : MadeArtifact.Of(new byte[] { (byte)first, 1, 2, 3 }, new byte[] { (byte)second, 1, 2, 3 });

    private void Begin()
    {
        int process = _random.Next(Processes), kind = _random.Next(12);
        MadeArtifact made = Artifacts[_random.Next(Artifacts.Length)];
        string tag = $"docker.io/ai/m{_random.Next(4)}:latest";
        int number = _random.Next(100);
        var actor = new StoreActor { Name = $"{NameOf(kind)} {tag[13..15]}", Process = process };
        var store = new ModelStore(_folder with { BeforeStep = actor.Stop }, _time, _holds[process]);
        _actors.Add(actor);
        actor.Start(async self =>
        {
            await Do(store, kind, made, tag, number);
            self.Release();
        });
        if (actor.Step is null)
            End(actor);
    }

    private static string NameOf(int kind) => kind switch { < 5 => "pull", 5 => "untag", 6 => "remove", 7 => "tag", 8 or 9 => "collect", _ => "prune" };

    private static async Task Do(ModelStore store, int kind, MadeArtifact made, string tag, int number)
    {
        StoreIndex index = store.Read();
        switch (NameOf(kind))
        {
            case "pull":
                using (store.Holds.Hold([.. made.Files.Keys]))
                {
                    foreach (Descriptor file in made.Read().Files)
                        await FetchAsync(store, file, made.Files[file.Digest]);
                    await store.AddAsync(made.Manifest, tag, CancellationToken.None);
                }

                break;
            case "untag":
                await store.UntagAsync(tag, CancellationToken.None);
                break;
            case "remove" when index.Entries.Count > 0:
                await store.RemoveAsync(index.Entries[number % index.Entries.Count].Id, CancellationToken.None);
                break;
            case "tag" when index.Entries.Count > 0:
                await store.TagAsync(index.Entries[number % index.Entries.Count].Id, tag, CancellationToken.None);
                break;
            case "collect":
                await store.CollectAsync(isDryRun: false, CancellationToken.None);
                break;
            case "prune":
                await store.PruneAsync(new LeftoverAges(TimeSpan.FromHours(1), TimeSpan.MinValue, TimeSpan.MinValue), isDryRun: false, CancellationToken.None);
                break;
        }
    }

    private static async Task FetchAsync(ModelStore store, Descriptor file, byte[] bytes)
    {
        if (store.Has(file))
            return;
        using PartialBlob? partial = PartialBlob.TryOpen(store.Folder, file);
        if (partial is null)
            return;
        await partial.ContinueAsync(static _ => { }, CancellationToken.None);
        while (partial.Missing > 0)
            await partial.AppendAsync(bytes.AsMemory((int)partial.Length, (int)Math.Min(partial.Missing, (bytes.Length + 1) / 2)), CancellationToken.None);
        partial.Complete();
    }

    private void Advance()
    {
        int kind = _random.Next(40);
        if (kind == 0)
        {
            _time.Advance(TimeSpan.FromDays(8));
            _history.Add("a week passes");
            return;
        }

        if (kind == 1)
        {
            Crash(_random.Next(Processes));
            return;
        }

        // A process that waits for the lock does nothing until it is free.
        StoreActor[] ready = [.. _actors.Where(actor => actor.Step != "lock" || !_actors.Exists(static other => other.HasLock))];
        if (ready.Length > 0)
            Go(ready[_random.Next(ready.Length)], crashes: false);
    }

    private void Crash(int process)
    {
        _history.Add($"process {process} crashes");
        Counts = Counts with { Crashes = Counts.Crashes + 1 };
        foreach (StoreActor actor in _actors.Where(actor => actor.Process == process).ToArray())
        {
            // DurableFile writes another file first, which a crash leaves.
            if (actor.Step == "index")
                File.WriteAllText(_folder.IndexFile + ".new", "{\"mod");
            Go(actor, crashes: true);
        }

        _holds[process] = new StoreHolds();
    }

    private void Go(StoreActor actor, bool crashes)
    {
        _history.Add($"{actor.Name}: {actor.Step}{(crashes ? " crashed" : "")}");
        if (!crashes)
            Counts = Counts with { Listed = Counts.Listed + (actor.Step == "index" ? 1 : 0), Deleted = Counts.Deleted + (actor.Step == "delete" ? 1 : 0) };
        actor.Continue(crashes);
        if (actor.Step is null)
            End(actor);
    }

    private void End(StoreActor actor)
    {
        if (actor.Failure is { } failure)
            throw new InvalidOperationException($"{actor.Name} failed after {string.Join("; ", _history.TakeLast(25))}", failure);
        _actors.Remove(actor);
        actor.Dispose();
    }

    private string? FindProblem()
    {
        StoreIndex index;
        try
        {
            index = StoreIndexFile.Read(_folder);
        }
        catch (StoreException failure)
        {
            return failure.Message;
        }

        foreach (StoreEntry entry in index.Entries)
        {
            if (ManifestFile.ReadBytes(_folder, entry.Id) is not { } manifest || ContentHash.Of(manifest) != entry.Id)
                return $"the manifest {entry.Id.Short} is missing or wrong";
            foreach (Digest file in entry.Files)
            {
                if (!File.Exists(_folder.BlobOf(file)) || !ContentHash.Matches(File.ReadAllBytes(_folder.BlobOf(file)), file))
                    return $"the file {file.Short} of {entry.Id.Short} is missing or wrong";
            }
        }

        return null;
    }
}
