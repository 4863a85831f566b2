using System.Buffers;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// A page on its way to one scraper, in parts. A small page is one part, and holds nothing else. Of a large one the next part is written when
/// the last has been sent, so it is never in memory as a whole; until its end it holds the bodies that it is made of, which it shares with
/// other scrapes and which are smaller than the page.
/// </summary>
/// <param name="workspaces">Where it takes a workspace from, and its turn.</param>
/// <param name="scrape">The bodies. The page lets go of them when all is written.</param>
internal sealed class MetricsPage(MergeWorkspaces workspaces, ScrapeResult scrape) : IDisposable
{
    /// <summary>A page of so many bytes is always one part.</summary>
    private const int FirstPartBytes = 1024 * 1024;

    private const int NextPartBytes = 256 * 1024;
    private MergeWorkspace? _workspace;
    private bool _hasRoom;

    /// <summary>What was read of the runners.</summary>
    public ScrapeResult Scrape => scrape;

    /// <summary>The first part. Borrowed: only until <see cref="Dispose"/>.</summary>
    public SegmentedBuffer First { get; } = new();

    /// <summary>Whether nothing follows what was written.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The bytes that are held while the page is sent.</summary>
    public long HeldBytes => First.Length + (IsWhole ? 0 : scrape.BodyBytes);

    /// <summary>Waits for room, where the page will be a large one, no longer than told. It has that until it is disposed of.</summary>
    /// <returns>False where there was none in time.</returns>
    public async Task<bool> TryEnterAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        if (scrape.BodyBytes <= FirstPartBytes)
            return true;
        _hasRoom = await workspaces.TryBeginLargePageAsync(left, cancellationToken);
        return _hasRoom;
    }

    /// <summary>Takes a workspace for the page. Only in turn.</summary>
    public MergeWorkspace Open() => _workspace = workspaces.Rent();

    /// <summary>Writes the first part of a page that was begun in the workspace. Only in turn.</summary>
    /// <param name="mayBeParted">Whether it may be less than the page.</param>
    public void WriteFirst(bool mayBeParted) => Write(First, mayBeParted ? FirstPartBytes : int.MaxValue);

    /// <summary>Waits for its turn and writes the next part.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public async Task WriteNextAsync(IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        await workspaces.TakeTurnAsync(cancellationToken);
        try
        {
            Write(output, NextPartBytes);
        }
        finally
        {
            workspaces.EndTurn();
        }
    }

    public void Dispose()
    {
        Release();
        First.Dispose();
        if (_hasRoom)
            workspaces.EndLargePage();
        _hasRoom = false;
    }

    private void Write(IBufferWriter<byte> output, int bytes)
    {
        MergeWorkspace workspace = _workspace ?? throw new InvalidOperationException("The page is whole, or was not begun.");
        if (!workspace.Merger.WritePart(output, bytes))
            Release();
    }

    private void Release()
    {
        if (IsWhole)
            return;
        IsWhole = true;
        if (_workspace is { } workspace)
            workspaces.Return(workspace);
        _workspace = null;
        scrape.Dispose();
    }
}
