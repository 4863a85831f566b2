using System.Buffers;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// A page on its way to one scraper, or to several that share it. A small page is one part. Of a large one the next part is written when the
/// first of its readers has taken the last, and kept until all have. Until its end the page holds the bodies that it is made of. Thread-safe
/// but for the making.
/// </summary>
/// <param name="workspaces">Where it takes a workspace from, and its turn.</param>
/// <param name="budget">What pages may take together.</param>
/// <param name="form">How it is written.</param>
/// <param name="scrape">The bodies. The page lets go of them when all is written.</param>
/// <param name="answerAt">When it is to be on its way, as a timestamp of the time provider.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsPage(
    MergeWorkspaces workspaces, PageBudget budget, PageForm form, ScrapeResult scrape, long answerAt, TimeProvider time)
{
    /// <summary>A page of so many bytes is always one part, and only larger ones are joined after they were begun.</summary>
    public const int FirstPartBytes = 1024 * 1024;

    private const int NextPartBytes = 256 * 1024;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<bool> _made = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PagePart> _parts = [];
    private MergeWorkspace? _workspace;
    private PagePacker? _packer;
    private Task? _writing;
    private long _indexBytes;
    private int _readers;
    private int _goneParts;
    private bool _isClosed;
    private bool _isReleased;
    private volatile bool _isWhole;

    /// <summary>What was read of the runners.</summary>
    public ScrapeResult Scrape => scrape;

    /// <summary>What pages may take together.</summary>
    public PageBudget Budget => budget;

    /// <summary>Whether it was made, or could not be in time. Never fails.</summary>
    public Task<bool> Made => _made.Task;

    /// <summary>The page's length, where all of it was known when the first part was made.</summary>
    public long? Length { get; private set; }

    /// <summary>Whether all of it is written: it holds no bodies any more.</summary>
    public bool IsWhole => _isWhole;

    /// <summary>Whether scrapes may still join it.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
                return !_isClosed && _goneParts == 0;
        }
    }

    /// <summary>How many read it.</summary>
    public int Readers
    {
        get
        {
            lock (_gate)
                return _readers;
        }
    }

    /// <summary>Adds a reader, where the page is what its scrape asks for and no part of it is gone.</summary>
    /// <param name="wanted">The form that the scraper wants.</param>
    /// <param name="other">What its scrape learned.</param>
    /// <param name="wantedAt">When it wants its answer.</param>
    /// <returns>Null where it cannot be shared.</returns>
    public PageReader? TryJoin(PageForm wanted, ScrapeResult other, long wantedAt)
    {
        if (wantedAt < answerAt || wanted != form || !scrape.IsSameAs(other))
            return null;
        var reader = new PageReader(this, time);
        lock (_gate)
        {
            if (_isClosed || _goneParts > 0)
                return null;
            _readers++;
            foreach (PagePart part in _parts)
                part.Waiting++;
        }

        budget.Add(reader);
        return reader;
    }

    /// <summary>Takes a workspace for the page. Only in turn.</summary>
    public MergeWorkspace Open()
    {
        lock (_gate)
            _isClosed |= scrape.BodyBytes <= FirstPartBytes;
        return _workspace = workspaces.Rent();
    }

    /// <summary>Writes the first part of a page that was begun in the workspace. Only in turn.</summary>
    /// <param name="first">Where to.</param>
    /// <returns>Whether that is all.</returns>
    public bool WriteFirst(SegmentedBuffer first)
    {
        bool isLast = Write(first, form.MayBeParted ? FirstPartBytes : int.MaxValue);
        if (!isLast)
            budget.Change(_indexBytes = _workspace!.Merger.IndexBytes);
        return isLast;
    }

    /// <summary>Ends the making: the first part is there for all readers, or the page will never be. Outside the turn.</summary>
    public void EndMaking(SegmentedBuffer? first, bool isLast)
    {
        if (first is not null)
            Append(first, isLast);
        lock (_gate)
        {
            _isClosed |= first is null;
            if (isLast && _parts.Count > 0)
                Length = _parts[0].Bytes.Length;
        }

        _made.SetResult(first is not null);
    }

    /// <summary>As <see cref="PageReader.NextAsync"/>.</summary>
    public async ValueTask<PagePart?> NextAsync(PageReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task? writing;
            TaskCompletionSource? mine = null;
            lock (_gate)
            {
                LetGo(reader);
                if (reader.Next < _goneParts + _parts.Count)
                {
                    reader.IsHolding = true;
                    return _parts[reader.Next++ - _goneParts];
                }

                if (_isWhole)
                    return null;
                writing = _writing;
                if (writing is null)
                    _writing = (mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            if (mine is null)
                await writing!.WaitAsync(cancellationToken);
            else
                await WriteNextAsync(mine, cancellationToken);
        }
    }

    /// <summary>As <see cref="PageReader.TryWriteNextAsync"/>.</summary>
    public async ValueTask<bool> TryWriteNextAsync(PageReader reader, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            LetGo(reader);
            if (_readers > 1 || _isWhole || form.UseGzip || _parts.Count > 0 || _goneParts == 0)
                return false;
        }

        if (await WriteInTurnAsync(output, cancellationToken))
            _isWhole = true;
        return true;
    }

    /// <summary>Takes a reader away, with what is kept for it alone.</summary>
    public void Leave(PageReader reader)
    {
        bool isLast;
        lock (_gate)
        {
            LetGo(reader);
            isLast = --_readers == 0;
            for (int part = reader.Next - _goneParts; part < _parts.Count; part++)
                _parts[part].Waiting--;
            DropTaken();
            _isClosed |= isLast;
        }

        budget.Remove(reader);
        if (!isLast)
            return;
        Release();
        _packer?.Dispose();
    }

    // Only under the lock.
    private void LetGo(PageReader reader)
    {
        if (!reader.IsHolding)
            return;
        reader.IsHolding = false;
        _parts[reader.Next - 1 - _goneParts].Waiting--;
        DropTaken();
    }

    // One part may always be there, so that everybody gets on; more only for those who are behind.
    private async Task WriteNextAsync(TaskCompletionSource done, CancellationToken cancellationToken)
    {
        var part = new SegmentedBuffer();
        bool isBehind;
        lock (_gate)
            isBehind = _parts.Count > 0;
        try
        {
            if (isBehind)
                await budget.TryTakeAsync(NextPartBytes, TimeSpan.MaxValue, cancellationToken);
            try
            {
                Append(part, await WriteInTurnAsync(part, cancellationToken));
            }
            finally
            {
                if (isBehind)
                    budget.Change(-NextPartBytes);
            }
        }
        finally
        {
            lock (_gate)
                _writing = null;
            done.SetResult();
        }
    }

    private async Task<bool> WriteInTurnAsync(IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        await workspaces.TakeTurnAsync(cancellationToken);
        try
        {
            return Write(output, NextPartBytes);
        }
        finally
        {
            workspaces.EndTurn();
        }
    }

    // Whether that was the last part.
    private bool Write(IBufferWriter<byte> output, int bytes)
    {
        bool isLast = !_workspace!.Merger.WritePart(output, bytes);
        if (isLast)
            Release();
        return isLast;
    }

    private void Append(SegmentedBuffer bytes, bool isLast)
    {
        if (form.UseGzip)
            bytes = (_packer ??= new PagePacker()).Pack(bytes, isLast);
        lock (_gate)
        {
            budget.Change(bytes.Length);
            _parts.Add(new PagePart(bytes) { Waiting = _readers });
            DropTaken();
            _isWhole |= isLast;
        }
    }

    // Only under the lock.
    private void DropTaken()
    {
        int taken = 0;
        while (taken < _parts.Count && _parts[taken].Waiting == 0)
        {
            budget.Change(-_parts[taken].Bytes.Length);
            _parts[taken++].Bytes.Dispose();
        }

        _parts.RemoveRange(0, taken);
        _goneParts += taken;
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, true))
            return;
        if (_workspace is { } workspace)
            workspaces.Return(workspace);
        _workspace = null;
        budget.Change(-_indexBytes);
        scrape.Dispose();
    }
}
