using System.Text;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>Everything that <see cref="ExpositionReader"/> says about one body.</summary>
internal sealed record ReadOutcome(IReadOnlyList<ReadSample> Samples, IReadOnlyList<ExpositionErrorReason> Errors)
{
    public static ReadOutcome Of(ReadOnlySpan<byte> body, ExpositionStrictness strictness, ExpositionFormat format = ExpositionFormat.Text004)
    {
        var samples = new List<ReadSample>();
        var errors = new List<ExpositionErrorReason>();
        var reader = new ExpositionReader(body, format, strictness);
        while (reader.Read())
        {
            if (reader.Kind == ExpositionEntryKind.Error)
                errors.Add(reader.Error);
            else if (reader.Kind == ExpositionEntryKind.Sample)
                samples.Add(Copy(ref reader));
        }

        return new ReadOutcome(samples, errors);
    }

    private static ReadSample Copy(ref ExpositionReader reader)
    {
        var labels = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < reader.LabelCount; i++)
            labels.Add(new(Encoding.UTF8.GetString(reader.LabelName(i)), Encoding.UTF8.GetString(reader.LabelValue(i))));
        return new ReadSample(Encoding.UTF8.GetString(reader.Name), labels, reader.Value);
    }
}
