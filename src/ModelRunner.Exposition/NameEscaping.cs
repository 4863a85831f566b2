namespace ModelRunner.Exposition;

/// <summary>
/// How names outside the classic character set are written. The values are those of the media type parameter <c>escaping</c>.
/// </summary>
public enum NameEscaping
{
    /// <summary><c>underscores</c>: every other character becomes an underscore. The default.</summary>
    Underscores,

    /// <summary><c>dots</c>: a dot becomes <c>_dot_</c>, an underscore is doubled, every other character becomes two underscores.</summary>
    Dots,

    /// <summary><c>values</c>: the name is prefixed by <c>U__</c> and every other character becomes its code point in hex.</summary>
    Values,

    /// <summary><c>allow-utf-8</c>: names are written in quotes as they are.</summary>
    AllowUtf8,
}
