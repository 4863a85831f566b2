namespace ModelRunner.Linux.Terminals;

/// <summary>
/// The terminal of standard input while each key is read at once and nothing is echoed. Ctrl-C still sends its signal. The earlier settings come back
/// at the end.
/// </summary>
internal sealed unsafe class RawInput : IDisposable
{
    private const int StandardInput = 0;
    private const nuint GetSettings = 0x5401; // TCGETS
    private const nuint SetWhenWritten = 0x5403; // TCSETSW

    // The kernel's termios: four words, one byte, and the special characters.
    private const int Size = 64;
    private const int LocalFlags = 3;
    private const uint LineByLine = 0x2; // ICANON
    private const uint Echo = 0x8;
    private const uint Extended = 0x8000; // IEXTEN
    private const int TimeOfRead = 17 + 5; // VTIME
    private const int BytesOfRead = 17 + 6; // VMIN

    private readonly byte[] _before = new byte[Size];
    private bool _isEnded;

    private RawInput()
    {
    }

    /// <summary>Begins; null: standard input is no terminal.</summary>
    public static RawInput? TryBegin()
    {
        var input = new RawInput();
        fixed (byte* before = input._before)
        {
            if (Libc.Control(StandardInput, GetSettings, (int*)before) != 0)
                return null;
            byte* raw = stackalloc byte[Size];
            new Span<byte>(before, Size).CopyTo(new Span<byte>(raw, Size));
            ((uint*)raw)[LocalFlags] &= ~(LineByLine | Echo | Extended);
            (raw[TimeOfRead], raw[BytesOfRead]) = (0, 1);
            return Libc.Control(StandardInput, SetWhenWritten, (int*)raw) == 0 ? input : null;
        }
    }

    public void Dispose()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        fixed (byte* before = _before)
            _ = Libc.Control(StandardInput, SetWhenWritten, (int*)before);
    }
}
