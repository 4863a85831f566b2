using ModelRunner.Linux.Files;

namespace ModelRunner.Gguf;

/// <summary>The number of weights of a model for people, in the form of Docker Model Runner, such as <c>361.82M</c>.</summary>
internal static class ParameterCount
{
    public static string Format(long count) => UnitText.Format(count, step: 1000, digits: 2, isFixed: true, "", "K", "M", "B", "T");
}
