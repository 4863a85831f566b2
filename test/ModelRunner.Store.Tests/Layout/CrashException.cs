namespace ModelRunner.Store.Tests.Layout;

/// <summary>The process of an operation ended at this step. Nothing in the product catches it.</summary>
internal sealed class CrashException : Exception;
