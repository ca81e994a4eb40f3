/** How likely the characters of older text encodings are, for guesses at an encoding. */

/** An encoding of an alphabet. */
export interface AlphabetModel {
  /** Label of the encoding, as `TextDecoder` takes it. */
  readonly label: string;
  /** Letters beyond ASCII, the most frequent first. */
  readonly letters: string;
  /** Whether words mix these letters with those of ASCII. */
  readonly latin: boolean;
  /** Logarithm of how likely the encoding is before any character has been seen. */
  readonly prior: number;
}

/** An encoding of thousands of characters, two bytes each. */
export interface WideModel {
  /** Label of the encoding, as `TextDecoder` takes it. */
  readonly label: string;
  /** Characters that make half of all texts. */
  readonly frequent: string;
  /** Number of the other ordinary characters. */
  readonly ordinary: number;
  /** Tells by its two bytes whether a character is ordinary. */
  readonly isOrdinary: (lead: number, trail: number) => boolean;
  /** Logarithm of how likely the encoding is before any character has been seen. */
  readonly prior: number;
}

const KANA = "のにをはがとでたしいるてなれさこもからりあくよまきんうせつえわけ" +
  "スントルリアクイコラドレタマロネカシサチナニバプムメデキグフビヌッー";

/** Encodings of thousands of characters. */
export const WIDE_MODELS: readonly WideModel[] = [
  {
    label: "gbk",
    frequent:
      "的一是不了人在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对" +
      "可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已" +
      "老从动两长正常良恶性阴阳肿瘤癌组织细胞病变类标签分级高低轻重度型期猫狗图片路径",
    ordinary: 3755,
    isOrdinary: (lead, trail) => lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1,
    prior: 0,
  },
  {
    label: "big5",
    frequent:
      "的一是不了人在有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對" +
      "可她裡後小心多天而能好都然沒日於起還發成事只作當想看文無開手用主行方又如前所本見經頭面公同三已" +
      "老從動兩長正常良惡性陰陽腫瘤癌組織細胞病變類標籤分級高低輕重度型期貓狗圖片路徑",
    ordinary: 5401,
    isOrdinary: (lead) => lead >= 0xa4 && lead <= 0xc6,
    prior: -0.5,
  },
  {
    label: "shift_jis",
    frequent: `${KANA}日本人大年一正常良悪性陰陽腫瘍癌細胞異犬猫`,
    ordinary: 3000,
    isOrdinary: (lead) => lead >= 0x82 && lead <= 0x97,
    prior: 0,
  },
  {
    label: "euc-jp",
    frequent: `${KANA}日本人大年一正常良悪性陰陽腫瘍癌細胞異犬猫`,
    ordinary: 3000,
    isOrdinary: (lead) => lead === 0xa4 || lead === 0xa5 || (lead >= 0xb0 && lead <= 0xcf),
    prior: -2,
  },
  {
    label: "euc-kr",
    frequent:
      "이다는에의고하을가지기로사를은도한대자인시리어나서아그해일정수전부라과상여보스제주들만으면적" +
      "성조신안장원구비우동경게할모소양음종악건강병변세포조직개고양",
    ordinary: 2350,
    isOrdinary: (lead, trail) => lead >= 0xb0 && lead <= 0xc8 && trail >= 0xa1,
    prior: 0,
  },
];

const CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіёїєъ";
const GREEK = "αοιετσνηυρπκμλωςδγθχάίόέφήβξύώζψϊ";
const WESTERN = "éäüöèàçêßñóíáâîôæøåùëïœúìòûãõ";
const CENTRAL = "ąęłóíáéżśěčšžřćýůńôďťźňöőüäľ";

function alphabet(label: string, letters: string, prior = 0): AlphabetModel {
  return { label, letters, prior, latin: false };
}

function latin(label: string, letters: string, prior: number): AlphabetModel {
  return { label, letters, prior, latin: true };
}

/** Encodings of alphabets. */
export const ALPHABET_MODELS: readonly AlphabetModel[] = [
  alphabet("windows-1251", CYRILLIC),
  alphabet("koi8-r", CYRILLIC, -1.5),
  alphabet("ibm866", CYRILLIC, -1.5),
  alphabet("iso-8859-5", CYRILLIC, -2.5),
  alphabet("iso-8859-7", GREEK),
  alphabet("windows-1253", GREEK),
  alphabet("windows-1255", "יוהלאמרתבשנעםדחקפגצטזןכסךףץ"),
  alphabet("windows-1256", "اليمنرتوبةعدسفهكحقجشطصخأذىزئضغثءظؤآإ"),
  alphabet("windows-874", "านรกอเงมยลวดทสตะปบคหแจพชขใไโผซถธศภฟฉญณฐษ่้ิีัื์ุู็ึำ"),
  latin("windows-1252", WESTERN, 0),
  latin("windows-1250", CENTRAL, -1.5),
  latin("windows-1254", "ıüşöğçâîû", -2),
  latin("windows-1257", "ėšąžųįūēāīčęņļšõäüö", -2.5),
  latin("iso-8859-2", CENTRAL, -2.5),
  latin("macintosh", WESTERN, -3),
];
