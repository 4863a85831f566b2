using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>How a page is written: what scrapes must have in common to share one.</summary>
/// <param name="Exposition">Format and escaping.</param>
/// <param name="UseGzip">Whether as gzip.</param>
/// <param name="MayBeParted">Whether it may be sent in parts.</param>
internal readonly record struct PageForm(NegotiatedExposition Exposition, bool UseGzip, bool MayBeParted);
