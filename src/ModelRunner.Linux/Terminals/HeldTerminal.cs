using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Terminals;

/// <summary>
/// The terminal of standard input with settings of this program. It has its earlier settings again at the end, when a signal ends the process, and
/// while the process is stopped (Ctrl-Z). Ctrl-C and Ctrl-Z still send their signals. Thread-safe.
/// </summary>
internal sealed unsafe class HeldTerminal : IDisposable
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const nuint GetSettings = 0x5401; // TCGETS
    private const nuint SetSettings = 0x5402; // TCSETS

    // The kernel's termios: four words, one byte, and the special characters.
    private const int Size = 64;
    private const int BackgroundInterval = 200; // milliseconds
    private const int InputFlags = 0;
    private const int LocalFlags = 3;
    private const uint ReturnIsNewline = 0x100; // ICRNL
    private const uint LineByLine = 0x2; // ICANON
    private const uint Echo = 0x8 | 0x10 | 0x20 | 0x40; // ECHO, ECHOE, ECHOK, ECHONL
    private const uint KeepInput = 0x80; // NOFLSH: Ctrl-C does not delete what was typed before it
    private const uint Extended = 0x8000; // IEXTEN
    private const int SpecialCharacters = 17;
    private const int Quit = SpecialCharacters + 1; // VQUIT
    private const int TimeOfRead = SpecialCharacters + 5; // VTIME
    private const int BytesOfRead = SpecialCharacters + 6; // VMIN

    private static readonly int[] EndingSignals = [Libc.SigHup, Libc.SigUser1, Libc.SigUser2, Libc.SigAlarm];

    private readonly Lock _gate = new();
    private readonly bool _isRaw;
    private readonly Action<bool> _changed;
    private readonly byte[] _before = new byte[Size];
    private readonly List<PosixSignalRegistration> _signals = [];
    private bool _isHeld;
    private bool _isEnded;

    private HeldTerminal(bool isRaw, Action<bool> changed) => (_isRaw, _changed) = (isRaw, changed);

    /// <summary>Begins; null: standard input is no terminal.</summary>
    /// <param name="isRaw">Each key can be read at once, nothing is echoed, and the terminal marks what is pasted. Otherwise only the echo is off.</param>
    /// <param name="changed">Called on any thread: with false after the size changed, with true after other programs may have used the screen.</param>
    public static HeldTerminal? TryHold(bool isRaw, Action<bool> changed)
    {
        var terminal = new HeldTerminal(isRaw, changed);
        terminal.Enter(isFirst: true);
        if (!terminal._isHeld)
            return null;
        terminal.HandleSignals();
        return terminal;
    }

    /// <summary>Waits for keys, or for the end of the input. False: this object has ended, and keys are for the next program.</summary>
    public bool WaitForKeys()
    {
        var entry = new PollEntry { File = StandardInput, Events = Libc.PollIn };
        while (!Volatile.Read(ref _isEnded))
        {
            if (Libc.Poll(&entry, 1, -1) < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted)
                continue;

            // In the background, the keys are for the shell, and the kernel stops a process that reads them.
            if (JobControl.IsForeground())
                break;
            Libc.Pause(BackgroundInterval);
        }

        return !Volatile.Read(ref _isEnded);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isEnded)
                return;
            Leave();
            _isEnded = true;
        }

        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
    }

    private void HandleSignals()
    {
        if (!TerminalWatch.IsIgnored(Libc.SigTerminalStop))
            _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, Continue));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _changed(false)));

        // These end the process right after their handlers.
        foreach (int signal in EndingSignals)
            if (!TerminalWatch.IsIgnored(signal))
                _signals.Add(PosixSignalRegistration.Create((PosixSignal)signal, _ => Leave()));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, _ => Leave()));
    }

    // The default action stops the process. The kernel ignores it in an orphaned process group. The signal is sent to this thread, so that nothing
    // runs before the stop.
    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        Leave();
        byte* byDefault = stackalloc byte[Libc.OpaqueSize];
        byte* handler = stackalloc byte[Libc.OpaqueSize];
        new Span<byte>(byDefault, Libc.OpaqueSize).Clear();
        if (Libc.SetAction(Libc.SigTerminalStop, byDefault, handler) != 0)
            return;
        _ = Libc.Raise(Libc.SigTerminalStop);
        _ = Libc.SetAction(Libc.SigTerminalStop, handler, null);
        Enter(isFirst: false);
    }

    // .NET would set the settings that it has read at the start.
    private void Continue(PosixSignalContext context)
    {
        context.Cancel = true;
        Enter(isFirst: false);

        // A shell brings a process that runs in the background to the foreground without a signal.
        while (!Volatile.Read(ref _isHeld) && !Volatile.Read(ref _isEnded))
        {
            Libc.Pause(BackgroundInterval);
            Enter(isFirst: false);
        }
    }

    // Also called while the terminal is held: a shell that stopped this process in another way has its own settings there.
    private void Enter(bool isFirst)
    {
        lock (_gate)
        {
            byte* now = stackalloc byte[Size];
            byte* ours = stackalloc byte[Size];
            if (_isEnded || !JobControl.IsForeground() || Libc.Control(StandardInput, GetSettings, (int*)now) != 0)
                return;
            Change(now, ours);
            if (_isHeld && new Span<byte>(now, Size).SequenceEqual(new Span<byte>(ours, Size)))
                return;
            if (Libc.Control(StandardInput, SetSettings, (int*)ours) != 0)
                return;
            new Span<byte>(now, Size).CopyTo(_before);
            _isHeld = true;
            MarkPastes(isOn: true);
        }

        if (!isFirst)
            _changed(true);
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (!_isHeld)
                return;
            _isHeld = false;
            if (!JobControl.IsForeground())
                return;
            fixed (byte* before = _before)
                _ = Libc.Control(StandardInput, SetSettings, (int*)before);
            MarkPastes(isOn: false);
        }
    }

    private void Change(byte* settings, byte* changed)
    {
        new Span<byte>(settings, Size).CopyTo(new Span<byte>(changed, Size));
        ((uint*)changed)[LocalFlags] &= ~Echo;
        ((uint*)changed)[LocalFlags] |= KeepInput;
        if (!_isRaw)
            return;
        ((uint*)changed)[LocalFlags] &= ~(LineByLine | Extended);
        ((uint*)changed)[InputFlags] &= ~ReturnIsNewline;
        (changed[TimeOfRead], changed[BytesOfRead], changed[Quit]) = (0, 1, 0);
    }

    // A terminal that was stopped with Ctrl-S would block this thread.
    private void MarkPastes(bool isOn)
    {
        var entry = new PollEntry { File = StandardOutput, Events = Libc.PollOut };
        if (!_isRaw || Libc.Poll(&entry, 1, 0) != 1 || (entry.Returned & Libc.PollOut) == 0)
            return;
        ReadOnlySpan<byte> text = isOn ? "\u001b[?2004h"u8 : "\u001b[?2004l"u8;
        fixed (byte* first = text)
            _ = Libc.Write(StandardOutput, first, text.Length);
    }
}
