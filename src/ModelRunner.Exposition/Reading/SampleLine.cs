namespace ModelRunner.Exposition.Reading;

/// <summary>
/// What <see cref="SampleParser"/> found in one line. All offsets count from the start of the line. Kept and used again for every line.
/// </summary>
internal sealed class SampleLine
{
    public int NameStart { get; set; }

    public int NameEnd { get; set; }

    /// <summary>Whether the name stood in quotes within the braces. Its escapes are those that all readers know.</summary>
    public bool IsNameQuoted { get; set; }

    public LabelList Labels { get; } = new();

    public int ValueStart { get; set; }

    public int ValueEnd { get; set; }

    public NumberForm ValueForm { get; set; }

    public int TimestampStart { get; set; }

    /// <summary>Where the timestamp ends; equal to <see cref="TimestampStart"/> where there is none.</summary>
    public int TimestampEnd { get; set; }

    public bool HasExemplar { get; set; }

    public LabelList ExemplarLabels { get; } = new();

    public int ExemplarValueStart { get; set; }

    public int ExemplarValueEnd { get; set; }

    public NumberForm ExemplarValueForm { get; set; }

    public int ExemplarTimestampStart { get; set; }

    /// <summary>Where the exemplar's timestamp ends; equal to <see cref="ExemplarTimestampStart"/> where there is none.</summary>
    public int ExemplarTimestampEnd { get; set; }

    public Leniency Leniencies { get; set; }

    public void Clear()
    {
        Labels.Clear();
        ExemplarLabels.Clear();
        IsNameQuoted = HasExemplar = false;
        NameStart = NameEnd = ValueStart = ValueEnd = TimestampStart = TimestampEnd = 0;
        Leniencies = Leniency.None;
    }
}
