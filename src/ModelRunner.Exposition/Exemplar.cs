namespace ModelRunner.Exposition;

/// <summary>An exemplar with one label, such as the id of a trace. Immutable.</summary>
public sealed class Exemplar
{
    /// <param name="labelName">The name of its label.</param>
    /// <param name="labelValue">The value of its label. Name and value may have 128 characters together; a longer exemplar is left out of the page.</param>
    /// <param name="value">The observed value. In a bucket it must not be above the bound.</param>
    /// <param name="timestamp">When it was observed.</param>
    public Exemplar(string labelName, string labelValue, double value, DateTimeOffset timestamp)
    {
        ArgumentException.ThrowIfNullOrEmpty(labelName);
        ArgumentNullException.ThrowIfNull(labelValue);
        (LabelName, LabelValue, Value, Timestamp) = (labelName, labelValue, value, timestamp);
    }

    /// <summary>The name of its label.</summary>
    public string LabelName { get; }

    /// <summary>The value of its label.</summary>
    public string LabelValue { get; }

    /// <summary>The observed value.</summary>
    public double Value { get; }

    /// <summary>When it was observed.</summary>
    public DateTimeOffset Timestamp { get; }
}
