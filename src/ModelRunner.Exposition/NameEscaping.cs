namespace ModelRunner.Exposition;

/// <summary>
/// How names beyond the classic character set are written. The words are those of the <c>escaping</c> media type parameter.
/// </summary>
public enum NameEscaping
{
    /// <summary><c>underscores</c>: every other character becomes an underscore. What is used when nothing is asked for.</summary>
    Underscores,

    /// <summary><c>dots</c>: a dot becomes <c>_dot_</c>, an underscore is doubled, every other character becomes two underscores.</summary>
    Dots,

    /// <summary><c>values</c>: the name is prefixed by <c>U__</c> and every other character becomes its code point in hex.</summary>
    Values,

    /// <summary><c>allow-utf-8</c>: names are written in quotes as they are.</summary>
    AllowUtf8,
}
