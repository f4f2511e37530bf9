/** All that the page says, in its languages: the one that was chosen, or the first of the browser's that is here.
 *
 * Another language is another column. `{}` is where a value stands.
 */

export const LANGUAGES = { en: "English", "zh-Hans": "中文" };
const STORED = "seqgen-language", YEAR = 31536000;

const WORDS = {
  // the page
  language: ["Language", "语言"],
  skip: ["Skip to the room", "跳到主要内容"],
  rooms: ["Rooms", "页面"],
  foot: ["The models run in this page. Nothing leaves it.", "模型就在本页运行，数据不会离开这里。"],
  nothing: ["None of these models can be played with here; start seqgen studio without naming any.", "这些模型都不能在这里使用；启动 seqgen studio 时不要指定模型。"],
  wrong: ["Something went wrong: {}", "出错了：{}"],
  unreachable: ["{} cannot be had ({}); is seqgen studio still running?", "无法取得 {}（{}）；seqgen studio 还在运行吗？"],
  larger: ["{} is larger than it should be; reload the page", "{} 比应有的大；请重新载入本页"],
  partial: ["only a part of {} arrived; reload the page", "{} 只收到一部分；请重新载入本页"],
  damaged: ["these weights are damaged; get them again", "权重文件已损坏；请重新获取"],
  strange: ["weights of the kind {} are not known here; update the page", "这里不认识 {} 类型的权重；请更新本页"],
  format: ["this page reads models of format {}, not {}; update it", "本页只能读格式 {} 的模型，不能读格式 {}；请更新本页"],
  // what several rooms have
  training: ["Training", "训练"],
  text: ["Text", "文字"],
  handwriting: ["Handwriting", "手写"],
  reading: ["Reading", "识别"],
  "your-hand": ["Your hand", "你的字迹"],
  music: ["Music", "音乐"],
  harmony: ["Harmony", "和声"],
  model: ["Model", "模型"],
  loading: ["Loading {}: {} %", "正在载入 {}：{}%"],
  ready: ["Ready.", "就绪。"],
  seed: ["Seed", "种子"],
  sameSeed: ["the same seed makes the same, here and on the command line", "同一种子的结果相同，在命令行中也一样"],
  nextSeed: ["the next seed", "换下一个种子"],
  temperature: ["Temperature", "温度"],
  cold: ["0: the likeliest each time; 1: as learned; more: wilder", "0：每次取最可能的；1：与所学相同；更高：更随意"],
  fewest: ["the fewest symbols whose odds reach this", "概率之和达到此值的最少符号"],
  unlikely: ["none less likely than this part of the likeliest", "不取概率低于最可能者此比例的符号"],
  tempo: ["Tempo", "速度"],
  write: ["Write", "书写"],
  writeText: ["Write", "写作"],
  stop: ["Stop", "停止"],
  goOn: ["Go on", "继续"],
  another: ["Another", "再来一个"],
  undo: ["Undo", "撤销"],
  clear: ["Clear", "清空"],
  copy: ["Copy", "复制"],
  copied: ["Copied.", "已复制。"],
  play: ["Play", "播放"],
  mixed: ["mixed with", "混合"],
  none: ["none", "不混合"],
  share: ["Share", "比例"],
  ofSecond: ["of the second", "第二种所占"],
  percent: ["{} %", "{}%"],
  rare: ["less than 0.1 %", "不到 0.1%"],
  // text
  likeliest: ["the likeliest so many; 0: all", "最可能的若干个；0：全部"],
  beginWith: ["Begin with", "开头"],
  anyWords: ["Any words, in any script", "任何文字都可以"],
  redo: ["Redo", "重做"],
  anew: ["Begin anew", "从头开始"],
  tryAnother: ["Try another", "换一种写法"],
  save: ["Save", "保存"],
  branches: ["Branches", "分支"],
  clickOne: ["Ready. Click a character to see what else it could have been.", "就绪。点一个字符，看看这里还可能是什么。"],
  beginning: ["Reading the beginning: {} characters", "正在读开头：{} 个字符"],
  written: ["{} characters, {} a second", "{} 个字符，每秒 {} 个"],
  sheet: ["The text. Arrow keys choose a character, Enter shows what else it could have been.", "正文。方向键选字符，回车键显示这里还可能是什么。"],
  instead: ["In place of {}", "代替 {}"],
  surprise: ["It had {}, a surprise of {} bits. Go on from:", "它的概率是 {}，意外程度 {} 比特。从这里继续："],
  odds: ["odds", "概率"],
  cut: ["Cut here", "在此截断"],
  cutWhat: ["leave this character and all after it", "去掉这个字符和后面的一切"],
  empty: ["(empty)", "（空）"],
  remove: ["Remove", "删除"],
  expected: ["expected", "意料之中"],
  surprising: ["surprising", "出乎意料"],
  byte: ["byte {}", "字节 {}"],
  label: ["Label", "标签"],
  ending: ["∎ the end", "∎ 文末"],
  textEnds: ["It ends here, after {} characters. Go on, and another begins.", "到此结束，共 {} 个字符。继续会另起一篇。"],
  // handwriting
  neatness: ["Neatness", "工整"],
  neater: ["0: as people differ; more: neater", "0：像真人那样多变；更高：更工整"],
  pen: ["Pen", "笔宽"],
  penUnit: ["in heights of an x", "以字母 x 的高度为单位"],
  slant: ["Slant", "倾斜"],
  degrees: ["degrees to the right", "向右的度数"],
  handTempo: ["1: as fast as a hand", "1：与手写一样快"],
  writeThis: ["Write this", "要写的话"],
  atOnce: ["Show it all", "立即写完"],
  smooth: ["SVG, smooth", "SVG（平滑）"],
  curves: ["curves through the points", "穿过各点的曲线"],
  plotters: ["SVG for plotters", "SVG（绘图仪）"],
  pieces: ["a path a stroke, straight from point to point", "一笔一条路径，点到点为直线"],
  hand: ["Hand", "笔迹"],
  controlEnter: ["Ready. Ctrl-Enter in the text writes it, too.", "就绪。在文本框里按 Ctrl+回车也可以书写。"],
  unknown: ["{} has not learned to write {}; replace it.", "{} 没学过写“{}”；请换掉。"],
  thisModel: ["This model", "这个模型"],
  type: ["Type something to write.", "请先输入要写的话。"],
  points: ["{} points. Seed {}.", "{} 个点。种子 {}。"],
  ink: ["handwriting: {}", "手写：{}"],
  // reading, and one's own hand
  pad: ["a sheet to write on, with a pen, a finger or a mouse", "书写板：用笔、手指或鼠标写"],
  letters: ["letter by letter", "逐个字母"],
  undoStroke: ["Undo stroke", "撤销一笔"],
  saveInk: ["Save ink", "保存墨迹"],
  inkAbout: ["as JSON, with what was read as its text", "存为 JSON，附上识别出的文字"],
  writeWord: ["Write a word or a line on the sheet.", "在书写板上写一个词或一行字。"],
  inkFile: ["Ink from a file", "从文件载入墨迹"],
  haveWritten: ["Or have this written", "或者让模型写"],
  writtenBy: ["by {}, another way each time", "由 {} 书写，每次不同"],
  sure: ["{} sure. Or: {}.", "把握 {}。或者：{}。"],
  comma: [", ", "，"],
  quoted: ["“{}” {}", "“{}”{}"],
  read: ["{} points, read in {} ms.", "{} 个点，用 {} 毫秒识别。"],
  noInk: ["this is no ink that this page can read; give JSON that it or seqgen saved", "本页读不了这个墨迹文件；请用本页或 seqgen 保存的 JSON"],
  back: ["Back", "上一行"],
  next: ["Next line", "下一行"],
  saveHand: ["Save my hand", "保存我的字迹"],
  asAlways: ["Write each line as you always do. Three are enough to begin with; all of them are better.", "照平时的样子写每一行。三行就可以开始，全部写完更好。"],
  thisLine: ["This line; it may be another one", "这一行；可以改成别的话"],
  withFile: ["With the file, on the command line, where training is done:", "用这个文件，在命令行中训练："],
  lineOf: ["Line {} of {}; {} written{}.", "第 {} 行，共 {} 行；已写 {} 行{}。"],
  needed: [", {} more are needed", "，还需 {} 行"],
  asItShould: ["It reads as it should.", "识别结果与要写的一致。"],
  readsOther: ["It reads “{}”. Does the line say what is asked for? If so, go on: the reading may be wrong.", "识别为“{}”。写的是要求的内容吗？是的话请继续：识别可能有误。"],
  // music and harmony
  meter: ["Meter", "拍号"],
  bars: ["Bars", "小节数"],
  key: ["Key", "调"],
  any: ["as it comes", "自动"],
  tonality: ["{} {}", "{}{}"],
  major: ["major", "大调"],
  minor: ["minor", "小调"],
  "C sharp": ["C sharp", "升C"],
  "E flat": ["E flat", "降E"],
  "F sharp": ["F sharp", "升F"],
  "A flat": ["A flat", "降A"],
  "B flat": ["B flat", "降B"],
  Soprano: ["Soprano", "女高音"],
  Alto: ["Alto", "女低音"],
  Tenor: ["Tenor", "男高音"],
  Bass: ["Bass", "男低音"],
  leading: ["Voice leading", "声部进行"],
  off: ["off", "关"],
  soft: ["soft", "宽松"],
  strict: ["strict", "严格"],
  end: ["End", "结尾"],
  auto: ["tonic where it fits", "合适时用主和弦"],
  tonic: ["tonic", "主和弦"],
  free: ["free", "自由"],
  notTonic: ["The tune does not end on the tonic chord of {}; choose another end, or key.", "旋律末尾的音不属于{}的主和弦；请换一种结尾或调。"],
  noTonic: ["The tune does not end on the tonic chord of {}, which seems to be its key; choose another end.", "旋律似乎是{}，但末尾的音不属于主和弦；请换一种结尾。"],
  quarters: ["quarters a minute", "每分钟四分音符数"],
  loop: ["over and over", "循环播放"],
  compose: ["Compose", "作曲"],
  composed: ["{} bars, {} notes{}. Seed {}.", "{} 小节，{} 个音{}。种子 {}。"],
  emptyRoll: ["piano roll", "钢琴卷帘"],
  roll: ["piano roll of {} bars, {} notes", "钢琴卷帘：{} 小节，{} 个音"],
  noteIs: ["A note is a", "音符时值"],
  quarter: ["quarter", "四分"],
  eighth: ["eighth", "八分"],
  half: ["half", "二分"],
  sixteenth: ["sixteenth", "十六分"],
  tries: ["Tries side by side", "并行尝试"],
  triesAbout: ["more fit the tune better, and take longer", "越多越贴合旋律，也越慢"],
  harmonise: ["Harmonise", "配和声"],
  draw: ["Draw a tune, or play it on the keys A to K.", "画一段旋律，或用 A 到 K 键弹奏。"],
  keyboard: ["MIDI keyboard", "MIDI 键盘"],
  keyboards: ["MIDI keyboards that are heard: {}", "已连接的 MIDI 键盘：{}"],
  noKeyboard: ["The browser lets this page hear no MIDI keyboard.", "浏览器不允许本页使用 MIDI 键盘。"],
  example: ["An example", "示例"],
  composing: ["Composing: {} %", "正在作曲：{}%"],
  tune: ["The tune. Arrow keys move the mark, Enter sets a note, Backspace takes one away; A to K are the keys of a piano.",
    "旋律。方向键移动标记，回车键放一个音，退格键去掉一个；A 到 K 是琴键。"],
  // a training
  step: ["Step", "步数"],
  rate: ["Rate", "速率"],
  left: ["Time left", "剩余时间"],
  validation: ["Validation", "验证"],
  best: ["At best", "最佳"],
  trainLine: ["training", "训练"],
  validLine: ["validation, its best in a ring", "验证，圆圈处最佳"],
  stopTraining: ["Stop the training", "停止训练"],
  later: ["Go on later with", "以后继续："],
  makes: ["What it makes", "它的作品"],
  bestModel: ["The best model so far, each time from the same seed.", "目前最好的模型，每次用同一种子。"],
  silent: ["Nothing is heard; is seqgen studio still running? This page goes on trying.", "没有消息；seqgen studio 还在运行吗？本页会继续尝试。"],
  about: ["{}: {}, {}", "{}：{}，{}"],
  wentBack: ["It went back to step {}.", "它退回到第 {} 步。"],
  running: ["It is running.", "正在训练。"],
  done: ["It is done, after {} steps.", "训练完成，共 {} 步。"],
  ended: ["It has ended at step {}; what it had learned is saved.", "训练停在第 {} 步；所学已保存。"],
  quiet: ["Nothing was measured for {}. If it was killed, go on with the command below.", "已有 {} 没有新数据。如果它被终止了，可用下面的命令继续。"],
  of: ["{} of {}", "{} / {}"],
  fast: ["{} steps/s", "{} 步/秒"],
  slow: ["{} s/step", "{} 秒/步"],
  loss: ["{} nats/{}", "{} 奈特/{}"],
  atStep: ["{} at step {}", "{}，第 {} 步"],
  stepAt: ["Step {}", "第 {} 步"],
  stepLoss: ["Step {}, {} nats", "第 {} 步，{} 奈特"],
  noShow: ["This page cannot run such a model; the command line can.", "本页不能运行这种模型；命令行可以。"],
  asked: ["Asked to stop: the step in hand is finished and saved.", "已请求停止：完成并保存当前这一步。"],
  notAsked: ["It could not be asked to stop: the server said {}", "无法请求停止：服务器回答 {}"],
  hours: ["{} h {} min", "{} 小时 {} 分"],
  minutes: ["{} min", "{} 分"],
  minutesSeconds: ["{} min {} s", "{} 分 {} 秒"],
  seconds: ["{} s", "{} 秒"],
  unmeasured: ["learning curve: nothing is measured yet", "学习曲线：还没有数据"],
  curve: ["learning curve: {} of {} steps; training {}, validation {}, at best {}", "学习曲线：{} / {} 步；训练 {}，验证 {}，最佳 {}"],
  // what a training is of: words that others may give other things, too
  "unit char": ["char", "字符"],
  "unit point": ["point", "点"],
  "unit event": ["event", "事件"],
  "unit step": ["step", "步"],
  "unit label": ["label", "标签"],
  "unit unit": ["unit", "单位"],
  "unit phoneme": ["phoneme", "音素"],
  "unit frame": ["frame", "帧"],
  "domain text": ["text", "文字"],
  "domain handwriting": ["handwriting", "手写"],
  "domain music": ["music", "音乐"],
  "domain label": ["labels", "标注"],
  "domain translate": ["translation", "翻译"],
  "domain pronounce": ["pronunciation", "发音"],
  "domain caption": ["captions", "图片说明"],
  "domain speech": ["speech", "语音"],
  "size tiny": ["tiny", "微型"],
  "size small": ["small", "小型"],
  "size medium": ["medium", "中型"],
  "size large": ["large", "大型"],
};

/** The tag of the language that the page speaks. */
export const LANGUAGE = stored() ?? globalThis.navigator?.languages?.map(spoken).find(Boolean) ?? "en";

const COLUMN = Object.keys(LANGUAGES).indexOf(LANGUAGE);

/** What stands under this key, with these values; what is no key stands for itself. */
export function t(key, ...values) {
  return Object.hasOwn(WORDS, key) ? WORDS[key][COLUMN].replaceAll("{}", () => values.shift()) : key;
}

/** The word for a unit, a domain or a size; those of packages that are not known here stand for themselves. */
export const named = (kind, name) => Object.hasOwn(WORDS, `${kind} ${name}`) ? t(`${kind} ${name}`) : name;

/** Another language from now on; the page begins anew. A cookie is kept for all ports of a host: the studio has another each time. */
export function speak(language) {
  try {
    document.cookie = `${STORED}=${language}; path=/; max-age=${YEAR}; SameSite=Strict`;
    if (stored() !== language) localStorage.setItem(STORED, language); // a file has no cookies
    location.reload();
  } catch {
    // Nothing may be stored.
  }
}

function spoken(wanted) {
  return Object.keys(LANGUAGES).find(tag => tag.split("-")[0] === wanted.split("-")[0]);
}

function stored() {
  try {
    return spoken(document.cookie.match(/seqgen-language=([\w-]+)/)?.[1] ?? localStorage.getItem(STORED));
  } catch { // nothing is stored, or may be
    return undefined;
  }
}
