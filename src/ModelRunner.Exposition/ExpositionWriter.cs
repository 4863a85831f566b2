using System.Buffers;

namespace ModelRunner.Exposition;

/// <summary>Writes families of our own in text 0.0.4. The names must be valid; the label values may hold any text.</summary>
public sealed class ExpositionWriter(IBufferWriter<byte> output)
{
    /// <summary>Begins a family: its HELP and TYPE lines.</summary>
    public void BeginFamily(string name, MetricType type, string help) => throw new NotImplementedException(output.ToString());

    /// <summary>Writes one sample of the family that was begun.</summary>
    public void WriteSample(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) => throw new NotImplementedException();

    /// <summary>Writes one sample whose name is the family's with a suffix, such as <c>_bucket</c>.</summary>
    public void WriteSample(string suffix, double value, params ReadOnlySpan<KeyValuePair<string, string>> labels) => throw new NotImplementedException();
}
