namespace ModelRunner.GgufGenerator.Text;

/// <summary>The words of the grammar. Random numbers select by position, so the order of the words affects the models.</summary>
internal static class Vocabulary
{
    public static string[] Animals { get; } =
        "fox cat dog bear owl frog hen duck horse goat mouse rabbit sheep cow bird fish turtle wolf deer bee".Split(' ');

    public static string[] Adjectives { get; } =
        "small big old young happy quiet brave clever gentle hungry tired kind lonely funny curious".Split(' ');

    public static string[] Names { get; } = "Tom Anna Ben Lucy Max Nora Sam Ella Leo Mia Jack Rose".Split(' ');

    public static string[] Places { get; } =
        ("the river;the forest;the hill;the garden;the lake;the old barn;the village;"
            + "the sea;the meadow;the bridge;the mill;the market").Split(';');

    public static string[] Things { get; } =
        ("apple;red ball;book;lamp;bell;warm coat;basket of bread;silver key;wooden boat;"
            + "blue stone;yellow flower;golden leaf;map;pot of soup;"
            + "jar of honey").Split(';');

    public static string[] Weather { get; } =
        ("The sun was shining.;It was raining.;The wind was cold.;Snow fell on the ground.;The stars were bright.;"
            + "A soft mist lay over the fields.").Split(';');

    public static (string Key, string Value)[] Colours { get; } = Pairs(
        "sky:blue grass:green snow:white night:black sun:yellow blood:red lemon:yellow "
            + "carrot:orange coal:black leaf:green rose:red sea:blue "
        + "milk:white frog:green cherry:red plum:purple chocolate:brown elephant:grey pig:pink swan:white");

    public static (string Key, string Value)[] Capitals { get; } = Pairs(
        "France:Paris Italy:Rome Spain:Madrid Japan:Tokyo Germany:Berlin Norway:Oslo Greece:Athens Egypt:Cairo Cuba:Havana Kenya:Nairobi "
        + "Poland:Warsaw Peru:Lima Ireland:Dublin Austria:Vienna Portugal:Lisbon Sweden:Stockholm Denmark:Copenhagen Finland:Helsinki");

    public static (string Key, string Value)[] Sounds { get; } = Pairs(
        "cow:moo dog:woof cat:meow sheep:baa duck:quack owl:hoot "
            + "frog:ribbit bee:buzz horse:neigh mouse:squeak hen:cluck bird:tweet wolf:howl");

    public static string[] Numbers { get; } =
        ("zero one two three four five six seven eight nine ten eleven twelve "
            + "thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
            + "twenty").Split(' ');

    public static string[] Fillers { get; } =
        "why how when where explain write make is the a of it do you can we time code work run test please today very".Split(' ');

    private static (string Key, string Value)[] Pairs(string text) =>
        [.. text.Split(' ').Select(pair => pair.Split(':')).Select(pair => (pair[0], pair[1]))];
}
