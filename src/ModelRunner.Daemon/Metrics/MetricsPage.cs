using System.Buffers;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// One page that is sent to one client or to several that share it. A small page is one part. Of a large page, the next part is written when
/// the first of its readers has sent the previous one; each part is kept until all readers have sent it. The page holds the bodies until its
/// last part is written. Thread-safe, except where a member says that the caller holds the merge lock.
/// </summary>
/// <param name="workspaces">The source of workspaces, and the merge lock.</param>
/// <param name="budget">The memory budget of all pages.</param>
/// <param name="form">The form of the page.</param>
/// <param name="scrape">The bodies. The page owns them and disposes of them after the last part is written.</param>
/// <param name="respondBy">The deadline for the first byte, as a timestamp of the time provider.</param>
/// <param name="time">The clock.</param>
internal sealed class MetricsPage(
    MergeWorkspaces workspaces, PageBudget budget, PageForm form, ScrapeResult scrape, long respondBy, TimeProvider time)
{
    /// <summary>
    /// The most bytes of the first part. Pages up to this size are always one part. Only larger pages can be joined after they were begun.
    /// </summary>
    public const int FirstPartBytes = 1024 * 1024;

    private const int NextPartBytes = 256 * 1024;
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<bool> _created = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PagePart> _parts = [];
    private MergeWorkspace? _workspace;
    private PageCompressor? _compressor;
    private Task? _writing;
    private long _indexBytes;
    private int _readers;
    private int _droppedParts;
    private bool _isClosed;
    private bool _isReleased;
    private volatile bool _isComplete;

    /// <summary>The outcome of the scrape that the page shows.</summary>
    public ScrapeResult Scrape => scrape;

    /// <summary>The memory budget of all pages.</summary>
    public PageBudget Budget => budget;

    /// <summary>Completes with true when the first part is written, or with false if it could not be in time. Never faults.</summary>
    public Task<bool> Created => _created.Task;

    /// <summary>The length of the page in bytes, if the first part is the whole page; else null.</summary>
    public long? Length { get; private set; }

    /// <summary>Whether all parts are written. The page then holds no bodies.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Whether other scrapes can still join it.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
                return !_isClosed && _droppedParts == 0;
        }
    }

    /// <summary>The number of readers.</summary>
    public int Readers
    {
        get
        {
            lock (_lock)
                return _readers;
        }
    }

    /// <summary>Adds a reader, if the page matches the scrape and no part of it has been released.</summary>
    /// <param name="wanted">The form that the client accepts.</param>
    /// <param name="other">The outcome of the client's scrape.</param>
    /// <param name="wantedBy">The client's deadline for the first byte, as a timestamp of the time provider.</param>
    /// <returns>Null if the page cannot be shared.</returns>
    public PageReader? TryJoin(PageForm wanted, ScrapeResult other, long wantedBy)
    {
        if (wantedBy < respondBy || wanted != form || !scrape.IsSameAs(other))
            return null;
        var reader = new PageReader(this, time);
        lock (_lock)
        {
            if (_isClosed || _droppedParts > 0)
                return null;
            _readers++;
            foreach (PagePart part in _parts)
                part.PendingReaders++;
        }

        budget.Add(reader);
        return reader;
    }

    /// <summary>Takes a workspace for the page. The caller holds the merge lock.</summary>
    public MergeWorkspace Open()
    {
        lock (_lock)
            _isClosed |= scrape.BodyBytes <= FirstPartBytes;
        return _workspace = workspaces.Rent();
    }

    /// <summary>Writes the first part of the page that was merged in the workspace. The caller holds the merge lock.</summary>
    /// <param name="first">The destination.</param>
    /// <returns>Whether it is the whole page.</returns>
    public bool WriteFirst(SegmentedBuffer first)
    {
        bool isLast = Write(first, form.MayBeParted ? FirstPartBytes : int.MaxValue);
        if (!isLast)
            budget.Change(_indexBytes = _workspace!.Merger.IndexBytes);
        return isLast;
    }

    /// <summary>Publishes the first part to all readers, or null if there will be no page. The caller does not hold the merge lock.</summary>
    public void CompleteFirstPart(SegmentedBuffer? first, bool isLast)
    {
        if (first is not null)
            Append(first, isLast);
        lock (_lock)
        {
            _isClosed |= first is null;
            if (isLast && _parts.Count > 0)
                Length = _parts[0].Bytes.Length;
        }

        _created.SetResult(first is not null);
    }

    /// <summary>As <see cref="PageReader.NextAsync"/>.</summary>
    public async ValueTask<PagePart?> NextAsync(PageReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task? writing;
            TaskCompletionSource? own = null;
            lock (_lock)
            {
                ReleasePart(reader);
                if (reader.Next < _droppedParts + _parts.Count)
                {
                    reader.IsHolding = true;
                    return _parts[reader.Next++ - _droppedParts];
                }

                if (_isComplete)
                    return null;
                writing = _writing;
                if (writing is null)
                    _writing = (own = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            if (own is null)
                await writing!.WaitAsync(cancellationToken);
            else
                await WriteNextAsync(own, cancellationToken);
        }
    }

    /// <summary>As <see cref="PageReader.TryWriteNextAsync"/>.</summary>
    public async ValueTask<bool> TryWriteNextAsync(PageReader reader, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ReleasePart(reader);
            if (_readers > 1 || _isComplete || form.UseGzip || _parts.Count > 0 || _droppedParts == 0)
                return false;
        }

        if (await WriteLockedAsync(output, cancellationToken))
            _isComplete = true;
        return true;
    }

    /// <summary>Removes a reader, and the parts that are kept for it alone.</summary>
    public void Leave(PageReader reader)
    {
        bool isLast;
        lock (_lock)
        {
            ReleasePart(reader);
            isLast = --_readers == 0;
            for (int part = reader.Next - _droppedParts; part < _parts.Count; part++)
                _parts[part].PendingReaders--;
            DropSentParts();
            _isClosed |= isLast;
        }

        budget.Remove(reader);
        if (!isLast)
            return;
        Release();
        _compressor?.Dispose();
    }

    // The caller holds the lock.
    private void ReleasePart(PageReader reader)
    {
        if (!reader.IsHolding)
            return;
        reader.IsHolding = false;
        _parts[reader.Next - 1 - _droppedParts].PendingReaders--;
        DropSentParts();
    }

    // One part is always allowed, so that every reader makes progress. A second part is only kept for slower readers and must fit into the
    // budget.
    private async Task WriteNextAsync(TaskCompletionSource done, CancellationToken cancellationToken)
    {
        var part = new SegmentedBuffer();
        bool isExtra;
        lock (_lock)
            isExtra = _parts.Count > 0;
        try
        {
            if (isExtra)
                await budget.TryTakeAsync(NextPartBytes, TimeSpan.MaxValue, cancellationToken);
            try
            {
                Append(part, await WriteLockedAsync(part, cancellationToken));
            }
            finally
            {
                if (isExtra)
                    budget.Change(-NextPartBytes);
            }
        }
        finally
        {
            lock (_lock)
                _writing = null;
            done.SetResult();
        }
    }

    private async Task<bool> WriteLockedAsync(IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        using MergeLock held = await workspaces.LockAsync(cancellationToken);
        return Write(output, NextPartBytes);
    }

    // Returns whether it was the last part.
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
            bytes = (_compressor ??= new PageCompressor()).Compress(bytes, isLast);
        lock (_lock)
        {
            budget.Change(bytes.Length);
            _parts.Add(new PagePart(bytes) { PendingReaders = _readers });
            DropSentParts();
            _isComplete |= isLast;
        }
    }

    // The caller holds the lock.
    private void DropSentParts()
    {
        int sent = 0;
        while (sent < _parts.Count && _parts[sent].PendingReaders == 0)
        {
            budget.Change(-_parts[sent].Bytes.Length);
            _parts[sent++].Bytes.Dispose();
        }

        _parts.RemoveRange(0, sent);
        _droppedParts += sent;
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
