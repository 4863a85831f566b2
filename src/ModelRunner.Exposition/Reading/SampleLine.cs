namespace ModelRunner.Exposition.Reading;

/// <summary>The result of <see cref="SampleParser"/> for one line. Offsets count from the start of the line. Reused for every line.</summary>
internal sealed class SampleLine
{
    public int NameStart { get; set; }

    public int NameEnd { get; set; }

    /// <summary>Whether the name is quoted within the braces. Its escapes are known to all readers.</summary>
    public bool IsNameQuoted { get; set; }

    public LabelList Labels { get; } = new();

    public int ValueStart { get; set; }

    public int ValueEnd { get; set; }

    public NumberForm ValueForm { get; set; }

    public int TimestampStart { get; set; }

    /// <summary>The end of the timestamp; equal to <see cref="TimestampStart"/> if there is none.</summary>
    public int TimestampEnd { get; set; }

    public bool HasExemplar { get; set; }

    public LabelList ExemplarLabels { get; } = new();

    public int ExemplarValueStart { get; set; }

    public int ExemplarValueEnd { get; set; }

    public NumberForm ExemplarValueForm { get; set; }

    public int ExemplarTimestampStart { get; set; }

    /// <summary>The end of the exemplar's timestamp; equal to <see cref="ExemplarTimestampStart"/> if there is none.</summary>
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
