using System.Buffers;
using System.Runtime.ExceptionServices;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// A runner's response on its way to the client. If the runner breaks off an event stream, the stream ends with an error event in OpenAI's
/// format. Any other response fails, so that the client cannot take it as complete.
/// </summary>
/// <remarks>
/// Of an event stream only whole lines are passed on, since the error event cannot follow half a line. That delays nothing: runners write
/// whole events. A line that is longer than <see cref="MaxHeld"/> is passed on in parts.
/// </remarks>
/// <param name="inner">The runner's response.</param>
/// <param name="path">The route at the runner.</param>
/// <param name="isEvents">Whether it is an event stream.</param>
/// <param name="length">Its length in bytes; null: unknown.</param>
/// <param name="end">Reads each part before it is passed on, and counts the request before the last part is passed on.</param>
/// <param name="filter">Removes token counts that the client did not ask for; null: nothing is removed.</param>
/// <param name="rewriter">Replaces the model's name with the one that clients know; null: the name is not changed.</param>
/// <param name="runnerGone">Cancelled when the runner ends or is stopped.</param>
/// <param name="progress">Is told of each part that the runner sends, and of the time in which it is not asked for one; null: nobody watches it.</param>
/// <param name="findReasonAsync">
/// Returns why the runner ended or is stopped, or null; waits a moment for its exit if the parameter is true. Null: nobody knows.
/// </param>
internal sealed class ResponseStream(
    Stream inner, string path, bool isEvents, long? length, ResponseEnd end, UsageEventFilter? filter, ModelNameRewriter? rewriter,
    CancellationToken runnerGone, RequestTurn? progress = null, Func<bool, Task<StopReason?>>? findReasonAsync = null) : Stream
{
    private const int ReadBytes = 16 * 1024;
    private const int MaxHeld = 256 * 1024;

    private readonly ArrayBufferWriter<byte> _output = new(ReadBytes);
    private byte[]? _input = ArrayPool<byte>.Shared.Rent(ReadBytes);
    private CancellationTokenSource? _either;
    private ExceptionDispatchInfo? _failure;
    private bool _isEnded;
    private int _ready;
    private int _sent;
    private long _received;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the runner broke off the response.</summary>
    public bool IsBroken => BrokenCause is not null;

    /// <summary>Why the response is incomplete; null: nothing is known to be missing.</summary>
    public string? BrokenCause { get; private set; }

    /// <summary>Reads the whole body before anything of it is sent. A failure is thrown by the next read instead.</summary>
    /// <returns>Whether it is complete and was counted.</returns>
    public async ValueTask<bool> TryReadWholeAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (_received < length && !_isEnded)
                await FillAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }

        return _received == length;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_sent == _ready)
        {
            if (_isEnded)
                return 0;
            _failure?.Throw();
            await FillAsync(cancellationToken);
        }

        int count = Math.Min(buffer.Length, _ready - _sent);
        _output.WrittenMemory.Slice(_sent, count).CopyTo(buffer);
        end.Copy?.Append(buffer.Span[..count]);
        _sent += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _either?.Dispose();
            if (Interlocked.Exchange(ref _input, null) is { } input)
                ArrayPool<byte>.Shared.Return(input);
        }

        base.Dispose(disposing);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        DropSent();
        byte[] input = _input ?? throw new ObjectDisposedException(nameof(ResponseStream));
        _either ??= CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, runnerGone);
        int count;
        try
        {
            count = await ReceiveAsync(input, _either.Token);
        }
        catch (Exception failure) when (IsOfRunner(failure, cancellationToken))
        {
            // The client has the last event. What becomes of the connection after it does not matter.
            if (isEvents && end.Record.HasLastEvent)
            {
                await EndWellAsync();
                return;
            }

            BrokenCause = failure is OperationCanceledException ? "the runner ended or was stopped" : failure.Message;
            if (!isEvents)
                throw;
            await end.BreakAsync();
            End(BrokenResponse.EventFor(path, await FindReasonAsync(waits: true)));
            return;
        }

        if (count == 0)
        {
            await EndWellAsync();
            return;
        }

        Take(input.AsSpan(0, count));
        _received += count;
        if ((!isEvents && _received == length) || end.Record.HasLastEvent)
            await end.CompleteAsync();
    }

    // If the client does not read, the next part is not read either. That is not a standstill of the runner.
    private async ValueTask<int> ReceiveAsync(byte[] input, CancellationToken cancellationToken)
    {
        progress?.AwaitRunner();
        try
        {
            ValueTask<int> read = inner.ReadAsync(input, cancellationToken);
            if (!read.IsCompleted)
                end.Record.Pause();
            int count = await read;
            if (count > 0)
                progress?.Move();
            return count;
        }
        finally
        {
            progress?.AwaitClient();
        }
    }

    private void Take(ReadOnlySpan<byte> piece)
    {
        Pass(filter is null ? piece : filter.Take(piece));
        ReadOnlySpan<byte> held = _output.WrittenSpan[_ready..];
        if (!isEvents || held.Length > MaxHeld)
            _ready = _output.WrittenCount;
        else
            _ready += held.LastIndexOf((byte)'\n') + 1;
        end.Record.Read(piece);
    }

    private void Pass(ReadOnlySpan<byte> piece)
    {
        if (rewriter is null)
            _output.Write(piece);
        else
            rewriter.Write(piece, _output);
    }

    // The connection ended normally; the response may still be incomplete.
    private async ValueTask EndWellAsync()
    {
        end.Record.EndResponse();
        if (end.Record.IsEndMissing)
        {
            BrokenCause = "its stream of events ended without its last event";
            await end.BreakAsync();
        }
        else
        {
            if (filter is not null)
                Pass(filter.End());
            await end.CompleteAsync();
        }

        End(IsBroken ? BrokenResponse.EventFor(path, await FindReasonAsync(waits: false)) : default);
    }

    private Task<StopReason?> FindReasonAsync(bool waits) => findReasonAsync?.Invoke(waits) ?? Task.FromResult<StopReason?>(null);

    // The held part belongs to the response if it ended normally, and is dropped otherwise.
    private void End(ReadOnlySpan<byte> lastEvent)
    {
        if (lastEvent.Length > 0)
        {
            byte[] whole = _output.WrittenSpan[.._ready].ToArray();
            _output.ResetWrittenCount();
            _output.Write(whole);
            _output.Write(lastEvent);
        }

        _ready = _output.WrittenCount;
        _isEnded = true;
    }

    private void DropSent()
    {
        byte[] kept = _output.WrittenSpan[_sent..].ToArray();
        _output.ResetWrittenCount();
        _output.Write(kept);
        (_sent, _ready) = (0, _ready - _sent);
    }

    // HttpRequestException wraps an IOException here; a cancelled read is the runner's fault only if the runner is gone.
    private bool IsOfRunner(Exception failure, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested
        && (failure is IOException or HttpRequestException || (failure is OperationCanceledException && runnerGone.IsCancellationRequested));
}
