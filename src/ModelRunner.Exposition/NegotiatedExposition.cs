namespace ModelRunner.Exposition;

/// <summary>The negotiated form of a page.</summary>
/// <param name="Format">The format of the page.</param>
/// <param name="Escaping">How names are written.</param>
/// <param name="ContentType">The exact value of the Content-Type header.</param>
public sealed record NegotiatedExposition(ExpositionFormat Format, NameEscaping Escaping, string ContentType);
