using System.Diagnostics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The real program on its own terminal, as a user at a keyboard has it.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly FileStream _keyboard;
    private readonly StringBuilder _screen = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly TaskCompletionSource _readAll = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Terminal(Process process, SafeFileHandle master)
    {
        _process = process;
        _keyboard = new FileStream(master, FileAccess.ReadWrite, bufferSize: 0);
        new Thread(Read) { IsBackground = true, Name = "screen" }.Start();
    }

    /// <summary>All output to the terminal.</summary>
    public string Screen
    {
        get
        {
            lock (_screen)
                return _screen.ToString();
        }
    }

    /// <summary>Starts <c>model-runner</c>.</summary>
    public static Terminal Start(FakeDaemon daemon, string[] arguments, params (string Name, string Value)[] environment) =>
        StartShell(daemon, "exec \"$@\"", arguments, environment);

    /// <summary>Starts a shell with a script in which <c>"$@"</c> is <c>model-runner</c> with the arguments.</summary>
    public static Terminal StartShell(FakeDaemon daemon, string script, string[] arguments, params (string Name, string Value)[] environment)
    {
        SafeFileHandle master = PseudoTerminal.Open(out string terminal);

        // The first terminal that a session leader opens becomes its controlling terminal, with the signals of the keyboard.
        string program = Path.Join(AppContext.BaseDirectory, "model-runner");
        var start = new ProcessStartInfo("setsid", ["sh", "-c", $"exec <{terminal} >{terminal} 2>{terminal}; {script}", "sh", program, .. arguments])
        {
            WorkingDirectory = daemon.FolderPath, UseShellExecute = false, RedirectStandardInput = true,
        };
        foreach (string variable in start.Environment.Keys.Where(static key => key.StartsWith("MODEL_RUNNER_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(variable);
        start.Environment["TERM"] = "xterm";
        start.Environment.Remove("NO_COLOR");
        foreach ((string key, string value) in daemon.Environment)
            start.Environment[key] = value;
        foreach ((string key, string value) in environment)
            start.Environment[key] = value;
        return new Terminal(Process.Start(start)!, master);
    }

    /// <summary>Changes the size, and the kernel tells the program.</summary>
    public void Resize(int columns, int rows) => PseudoTerminal.Resize(_keyboard.SafeFileHandle, columns, rows);

    /// <summary>Types text.</summary>
    public void Type(string text) => _keyboard.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Types text and fails where the program does not read it.</summary>
    public async Task TypeAndWaitAsync(string text) => await Task.Run(() => Type(text)).WaitAsync(Patience);

    /// <summary>Waits until the screen shows a text this many times.</summary>
    public async Task WaitForAsync(string text, int times = 1)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (Screen.Split(text).Length <= times)
        {
            Assert.True(await _changed.WaitAsync(Patience), $"The screen never showed \"{text}\":\n{Screen}");
            Assert.False(limit.IsCancellationRequested, $"The screen never showed \"{text}\":\n{Screen}");
        }
    }

    /// <summary>Waits until the program handles SIGINT; before that, SIGINT ends it.</summary>
    public async Task WaitUntilItHandlesSignalsAsync()
    {
        string path = $"/proc/{_process.Id}/status";
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int attempt = 0; attempt < 3000; attempt++)
        {
            string caught = File.ReadLines(path).First(static line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
            if ((Convert.ToUInt64(caught[7..].Trim(), 16) & 2) != 0)
                return;
            await timer.WaitForNextTickAsync();
        }

        Assert.Fail("The program never took the signal over.");
    }

    /// <summary>Waits for the end and for the last output, and returns the exit code.</summary>
    public async Task<int> WaitForEndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);

        // The last output may still be in the terminal.
        await _readAll.Task.WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        await _keyboard.DisposeAsync();
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (_keyboard.Read(buffer) is > 0 and int read)
            {
                lock (_screen)
                    _screen.Append(Encoding.UTF8.GetString(buffer, 0, read));
                _changed.Release();
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // No process has the terminal open any more.
        }
        finally
        {
            _readAll.TrySetResult();
        }
    }
}
