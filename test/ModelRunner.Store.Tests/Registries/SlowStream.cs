namespace ModelRunner.Store.Tests.Registries;

/// <summary>Gives its bytes in parts, with a pause before each.</summary>
internal sealed class SlowStream(byte[] bytes, int partSize, TimeSpan pause) : MemoryStream(bytes)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Delay(pause, cancellationToken);
        return await base.ReadAsync(buffer[..Math.Min(partSize, buffer.Length)], cancellationToken);
    }
}
