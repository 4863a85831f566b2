using ModelRunner.Exposition;

namespace ModelRunner.Fuzz.Targets;

/// <summary>What the strict reading takes, the lenient one takes too, and reads the same in it.</summary>
internal static class ReadingTarget
{
    public static void StrictIsLenient(byte[] input)
    {
        foreach (var format in Enum.GetValues<ExpositionFormat>())
        {
            var (strict, isRefused) = Read(input, format, ExpositionStrictness.Strict);
            var (lenient, _) = Read(input, format, ExpositionStrictness.Lenient);
            if (!isRefused && !strict.SequenceEqual(lenient))
                throw new FuzzException($"the readings differ in {format}");
        }
    }

    private static (List<string> Entries, bool IsRefused) Read(byte[] input, ExpositionFormat format, ExpositionStrictness strictness)
    {
        var entries = new List<string>();
        var isRefused = false;
        var reader = new ExpositionReader(input, format, strictness);
        while (reader.Read())
        {
            isRefused |= reader.Kind == ExpositionEntryKind.Error;
            entries.Add($"{reader.LineNumber} {reader.Kind} {Describe(ref reader)}");
        }

        return (entries, isRefused);
    }

    private static string Describe(ref ExpositionReader reader)
    {
        if (reader.Kind is ExpositionEntryKind.Help or ExpositionEntryKind.Type or ExpositionEntryKind.Unit)
            return Convert.ToHexString(reader.Name) + Convert.ToHexString(reader.Text);
        if (reader.Kind != ExpositionEntryKind.Sample)
            return "";
        var text = $"{Convert.ToHexString(reader.Name)} {BitConverter.DoubleToInt64Bits(reader.Value):x}";
        for (var i = 0; i < reader.LabelCount; i++)
            text += $" {Convert.ToHexString(reader.LabelName(i))}={Convert.ToHexString(reader.LabelValue(i))}";
        return text;
    }
}
