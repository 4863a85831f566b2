using System.Diagnostics.CodeAnalysis;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>One pull, which any number of clients follow. Its state may be read from any thread.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and late holders of its token may still register.")]
internal sealed class Pull
{
    private readonly CancellationTokenSource _cancellation = new();

    // The limits of the clients that follow it.
    private readonly List<long?> _clients = [];
    private volatile IReadOnlyList<FileProgress> _files = [];
    private volatile IReadOnlyList<string> _notes = [];
    private volatile bool _isWaiting = true;
    private long _place;

    /// <param name="name">The model.</param>
    /// <param name="time">The clock.</param>
    internal Pull(ArtifactName name, TimeProvider time) => (Name, Rate) = (name, new ByteRateLimit(time));

    /// <summary>The model.</summary>
    public ArtifactName Name { get; }

    /// <summary>The token of the client for Hugging Face; null: that of the daemon is used.</summary>
    public string? Token { get; init; }

    /// <summary>
    /// Whether each file must come from where the name leads, even if it is here: whoever asked for the pull may not use what is here under other names.
    /// </summary>
    public bool MustFetch { get; init; }

    /// <summary>The bytes per second of all its files together: the largest limit of its clients; null: one of them has none.</summary>
    public long? BytesPerSecond => Rate.BytesPerSecond;

    /// <summary>What was found out and chosen so far, one line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether other pulls run first.</summary>
    public bool IsWaiting => _isWaiting;

    /// <summary>Its files, in the order of the manifest; empty until they are known.</summary>
    public IReadOnlyList<FileProgress> Files => _files;

    /// <summary>Bytes of all files; 0 until they are known.</summary>
    public long TotalBytes => _files.Sum(static file => file.File.Size);

    /// <summary>Its end. It never fails: the outcome has the failure.</summary>
    public Task<PullOutcome> Completion { get; private set; } = null!;

    /// <summary>Its place among all pulls of the daemon, in the order of their beginnings.</summary>
    internal long Number { get; set; }

    /// <summary>
    /// Its place in the line for a slot; 0: it is not in the line yet. A pull with <see cref="MustFetch"/> first waits for the others of its kind.
    /// </summary>
    internal long Place => Volatile.Read(ref _place);

    /// <summary>Limits the bytes per second.</summary>
    internal ByteRateLimit Rate { get; }

    /// <summary>Adds a client with its limit in bytes per second; null: it has none. Only <see cref="PullQueue"/> does that, under its lock.</summary>
    internal void AddClient(long? limit)
    {
        _clients.Add(limit);
        Rate.BytesPerSecond = LargestLimit();
    }

    /// <summary>Removes a client. Only <see cref="PullQueue"/> does that, under its lock.</summary>
    /// <returns>Whether others are left.</returns>
    internal bool RemoveClient(long? limit)
    {
        _clients.Remove(limit);
        if (_clients.Count == 0)
            return false;
        Rate.BytesPerSecond = LargestLimit();
        return true;
    }

    internal void Start(Func<CancellationToken, Task<PullOutcome>> run) => Completion = Task.Run(() => run(_cancellation.Token));

    internal void GoInLine(long place) => Volatile.Write(ref _place, place);

    internal void Begin() => _isWaiting = false;

    /// <summary>Adds a note. Only the pull itself does that.</summary>
    internal void Say(string note) => _notes = [.. _notes, note];

    internal void Show(IReadOnlyList<FileProgress> files) => _files = files;

    internal void Cancel() => _cancellation.Cancel();

    private long? LargestLimit() => _clients.Contains(null) ? null : _clients.Max();
}
