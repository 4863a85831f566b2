namespace ModelRunner.ScrapeBenchmark.Tests.Http;

/// <summary>Gives bytes as a network does: in parts that have nothing to do with what is in them.</summary>
/// <param name="bytes">All that comes.</param>
/// <param name="parts">The lengths of the parts, again and again.</param>
internal sealed class SplitStream(byte[] bytes, params int[] parts) : MemoryStream(bytes)
{
    private int _reads;

    public override int Read(byte[] buffer, int offset, int count) =>
        base.Read(buffer, offset, Math.Min(count, parts[_reads++ % parts.Length]));
}
