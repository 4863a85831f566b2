using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>Gives the bytes of another stream in steps that a test allows, until it lets it run.</summary>
internal sealed class SteppedStream(Stream content) : ForwardStream
{
    private const int MaxStep = 64 * 1024;

    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _allowed = new(0);
    private volatile bool _isFree;

    /// <summary>Allows one read, and returns when its reader has used the bytes and asks for more.</summary>
    public async Task StepAsync()
    {
        _allowed.Release();
        await _asked.WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Allows all reads.</summary>
    public void Run()
    {
        _isFree = true;
        _allowed.Release();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isFree)
        {
            _asked.Release();
            await _allowed.WaitAsync(cancellationToken);
        }

        return await content.ReadAsync(buffer[..Math.Min(buffer.Length, MaxStep)], cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        _asked.Dispose();
        _allowed.Dispose();
        base.Dispose(disposing);
    }
}
