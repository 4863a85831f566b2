namespace ModelRunner.Gguf;

/// <summary>A file ends too early: it is damaged, or whoever writes it has not finished.</summary>
/// <param name="soFar">What there is of it, a clause, for the case that it is still being written.</param>
/// <param name="problem">What is wrong with it, a clause that follows its name, for the case that nobody writes it any more.</param>
internal sealed class IncompleteFileException(string soFar, string problem) : Exception(problem)
{
    public string SoFar => soFar;
}
