using System.Threading.Channels;

namespace ModelRunner.Cli;

/// <summary>
/// What a terminal sent and no prompt has taken yet. It never makes its writer wait: the kernel turns Ctrl-C and Ctrl-Z into signals only while
/// the terminal is read. Above a limit everything that waits is dropped, because a part of a prompt must not be sent. One thread adds, one takes.
/// </summary>
internal sealed class KeyQueue
{
    /// <summary>The most characters that wait.</summary>
    public const int MaxCharacters = 2 * LineEditor.MaxText;

    private const string PasteBegins = "\u001b[200~";
    private const string PasteEnds = "\u001b[201~";

    // Each piece needs memory of its own, also one of a single key.
    private const int CostOfPiece = 16;

    private readonly Channel<string> _pieces = Channel.CreateUnbounded<string>();
    private long _size;
    private bool _isOver;
    private bool _isDropping;
    private bool _isPaste;
    private string _tail = "";

    /// <summary>Adds a piece, or drops it.</summary>
    public void Add(string piece)
    {
        bool beganInPaste = _isPaste;
        FollowPaste(piece);

        // The rest of a paste whose beginning was dropped would be prompts of one line each.
        if (_isDropping && (Volatile.Read(ref _isOver) || beganInPaste))
            return;
        _isDropping = false;
        if (TryWrite(piece))
            return;
        _isDropping = true;
        Volatile.Write(ref _isOver, true);
    }

    /// <summary>Adds an empty piece, so that the taker does not wait. Thread-safe.</summary>
    public void Wake() => TryWrite("");

    /// <summary>No more pieces come.</summary>
    /// <param name="problem">Why; null: the input has ended.</param>
    public void End(Exception? problem) => _pieces.Writer.TryComplete(problem);

    /// <summary>Waits for a piece; null: the input has ended.</summary>
    public async Task<string?> TakeAsync(CancellationToken cancellation)
    {
        while (await _pieces.Reader.WaitToReadAsync(cancellation))
            if (TryTake() is { } piece)
                return piece;
        return null;
    }

    /// <summary>Drops all that waits if the limit was passed. True: it was.</summary>
    public bool DropExcess()
    {
        if (!Volatile.Read(ref _isOver))
            return false;
        while (TryTake() is not null)
        {
        }

        Volatile.Write(ref _isOver, false);
        return true;
    }

    private string? TryTake()
    {
        if (!_pieces.Reader.TryRead(out string? piece))
            return null;
        Interlocked.Add(ref _size, -piece.Length - CostOfPiece);
        return piece;
    }

    private bool TryWrite(string piece)
    {
        int cost = piece.Length + CostOfPiece;
        if (Interlocked.Add(ref _size, cost) <= MaxCharacters && _pieces.Writer.TryWrite(piece))
            return true;
        Interlocked.Add(ref _size, -cost);
        return false;
    }

    // A mark can be divided between two pieces.
    private void FollowPaste(string piece)
    {
        string text = _tail + piece;
        int begin = text.LastIndexOf(PasteBegins, StringComparison.Ordinal);
        int end = text.LastIndexOf(PasteEnds, StringComparison.Ordinal);
        if (begin != end)
            _isPaste = begin > end;
        _tail = text[^Math.Min(text.Length, PasteEnds.Length - 1)..];
    }
}
