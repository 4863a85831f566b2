using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>
/// A standard stream of this process, without a buffer. The output stream of .NET does not report that the reader has closed its end, so that
/// a command before <c>| head</c> would run to its end. It also does not notice that the descriptor was closed when the process started and
/// another file has its number. The input stream of .NET changes the settings of the terminal and loses what was typed before.
/// </summary>
internal sealed unsafe class StandardStream : Stream
{
    private readonly int _descriptor;
    private readonly string _name;
    private readonly bool _isOpen;

    private StandardStream(int descriptor, string name)
    {
        (_descriptor, _name) = (descriptor, name);

        // Descriptors that .NET opened have the flag close-on-exec. Inherited descriptors do not.
        _isOpen = Libc.ControlDescriptor(descriptor, Libc.GetDescriptorFlags, 0) == 0;
    }

    public override bool CanRead => _descriptor == 0;

    public override bool CanSeek => false;

    public override bool CanWrite => _descriptor != 0;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Standard input. It is empty where the descriptor is closed.</summary>
    public static StandardStream OpenInput() => new(0, "standard input");

    /// <summary>Standard output.</summary>
    public static StandardStream OpenOutput() => new(1, "standard output");

    /// <summary>Standard error.</summary>
    public static StandardStream OpenError() => new(2, "standard error");

    /// <exception cref="OutputException">It is closed or full, or its reader has closed its end.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!_isOpen)
            throw Closed();

        while (!buffer.IsEmpty)
            buffer = buffer[WriteSome(buffer)..];
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // There is no buffer.
    }

    /// <exception cref="IOException">It cannot be read.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (_isOpen)
        {
            nint read;
            fixed (byte* first = buffer)
                read = Libc.Read(_descriptor, first, buffer.Length);
            if (read >= 0)
                return (int)read;

            int error = Marshal.GetLastPInvokeError();
            if (error == Libc.ErrorTryAgain)
                WaitUntil(Libc.PollIn);
            else if (error != Libc.ErrorInterrupted)
                throw new IOException($"cannot read {_name}: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private int WriteSome(ReadOnlySpan<byte> buffer)
    {
        nint written;
        fixed (byte* first = buffer)
            written = Libc.Write(_descriptor, first, buffer.Length);
        if (written >= 0)
            return (int)written;

        int error = Marshal.GetLastPInvokeError();
        switch (error)
        {
            case Libc.ErrorInterrupted:
                return 0;
            case Libc.ErrorTryAgain:
                WaitUntil(Libc.PollOut);
                return 0;
            case Libc.ErrorBadDescriptor:
                // StandardDescriptors has opened /dev/null for reading here.
                throw Closed();
            default:
                throw new OutputException($"cannot write to {_name}: {Marshal.GetPInvokeErrorMessage(error)}", error == Libc.ErrorBrokenPipe);
        }
    }

    private OutputException Closed() => new($"cannot write to {_name}: it is closed", isReaderGone: false);

    // Some parent processes pass a non-blocking pipe.
    private void WaitUntil(short events)
    {
        var entry = new PollEntry { File = _descriptor, Events = events };
        _ = Libc.Poll(&entry, 1, -1);
    }
}
