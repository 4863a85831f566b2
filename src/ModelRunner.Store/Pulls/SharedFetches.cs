using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Lets several pulls that need the same file share one fetch. A pull that leaves does not end the fetch while another one needs the file. Safe to
/// call from any thread.
/// </summary>
/// <param name="fetcher">Fetches files.</param>
/// <param name="rate">The rate of all pulls together.</param>
internal sealed class SharedFetches(FileFetcher fetcher, ByteRateLimit rate)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, SharedFetch> _running = [];

    /// <summary>Begins to fetch a file, or joins a fetch that runs. The result must be disposed.</summary>
    /// <param name="file">The file.</param>
    /// <param name="open">Opens it, if no fetch runs.</param>
    /// <param name="repository">As in <see cref="FileFetcher"/>. A fetch with one is never shared: another pull has another server.</param>
    /// <param name="pull">The rate of the pull, which pays for the bytes until <see cref="FetchRate.Remove"/> is called.</param>
    /// <param name="isOwn">Whether the fetch was begun, so that it uses <paramref name="open"/>.</param>
    public SharedFetch Join(Descriptor file, FileOpener open, string? repository, ByteRateLimit pull, out bool isOwn)
    {
        isOwn = false;
        lock (_lock)
        {
            if (repository is null && _running.TryGetValue(file.Digest, out SharedFetch? running) && running.TryJoin())
            {
                running.Rate.Add(pull);
                return running;
            }

            isOwn = true;
            var started = new SharedFetch(this, file, new FetchRate(rate));
            started.Rate.Add(pull);
            if (repository is null)
                _running[file.Digest] = started;
            started.Start(token => fetcher.FetchAsync(started.Progress, open, repository, started.Rate, token));
            return started;
        }
    }

    /// <summary>Counts one user less. True: it was the last one, and nobody can join any more.</summary>
    internal bool TryLeave(SharedFetch fetch, ref int users)
    {
        lock (_lock)
        {
            if (--users > 0)
                return false;
            if (_running.GetValueOrDefault(fetch.Progress.File.Digest) == fetch)
                _running.Remove(fetch.Progress.File.Digest);
            return true;
        }
    }
}
