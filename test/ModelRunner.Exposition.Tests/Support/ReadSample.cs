namespace ModelRunner.Exposition.Tests.Support;

/// <summary>One sample as <see cref="ExpositionReader"/> gives it, copied into strings.</summary>
internal sealed record ReadSample(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value)
{
    /// <summary>Name, labels and the bits of the value as one text, to compare by.</summary>
    public override string ToString() =>
        $"{Name}{{{string.Join(",", Labels.Select(label => $"{label.Key}={label.Value}"))}}} {BitConverter.DoubleToInt64Bits(double.IsNaN(Value) ? double.NaN : Value):x}";
}
