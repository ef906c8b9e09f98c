# SPDX-License-Identifier: Apache-2.0
"""The words that both ends of a thin line know beforehand: version 1 (docs/format.md §16.1, ADR 0044).

How often which letter follows which in these passages is all that is used of them. They are written for
this purpose, in the languages in which channels were kept, and are never changed: another set of passages
would be another version, with another number.
"""

from __future__ import annotations

VERSION = 1

_ENGLISH = """
We confirm that there will be no further action on our side if there is none on yours.
Our forces have been ordered to hold their positions and not to open fire unless they are fired upon.
The exercise announced for this week is defensive and will end at 1800Z on Friday. No live fire is planned.
One of our aircraft has been lost near the border. Its crew may be alive. We ask that they be treated well.
We ask you to confirm by 0600Z whether the launch seen this night was an accident or was ordered.
This was an accident. It was not ordered by the government, and those responsible have been relieved.
We have taken proportionate measures in self-defence and have concluded them. We do not seek escalation or war.
Please convey to the other side that we are ready to meet at the level of deputy ministers in Geneva or Muscat.
The ceasefire shall begin at midnight local time and hold for 72 hours. It covers all fronts and all forces.
Prisoners will be exchanged at the crossing: first the wounded, then women and children, then all others.
The vessel was in international waters. It carried grain, medicine and fuel, and no weapons of any kind.
The fishing boats that crossed the line will be turned back without the use of force. Their crews are safe.
We have received your note number 12 and are considering it. A reply follows before noon tomorrow.
We cannot accept the third point as it stands. We propose instead that inspectors of the agency be admitted.
The statement made on television was not authorised and does not represent the position of our government.
An advance notice: on Tuesday between 0400Z and 0900Z we will test one missile from the eastern range.
The humanitarian convoy of twelve trucks will leave at dawn and asks for safe passage on the northern road.
Nothing in this message is to be understood as recognition or as a change of our legal position.
The hospital, the power station and the dam must not be touched. Here are their coordinates.
If you withdraw your units behind the river within 24 hours, we shall lift the blockade of the port.
Any attack on our territory, our people or our interests will be answered at once and with all means.
The families ask for news of the two engineers held since January. Are they in good health? Can they write?
We thank the Swiss government for its good offices. The channel remains open at all hours, day and night.
Cyber intrusion into the control systems of the pipeline was detected yesterday evening; is this known to you?
With the assurances of our highest consideration, on behalf of the President and the Minister of Foreign Affairs.
"""

_FRENCH = """
Nous confirmons qu'aucune autre mesure ne sera prise de notre côté s'il n'y en a pas du vôtre.
L'incident de cette nuit était un accident et n'a pas été ordonné par le gouvernement. Une enquête est ouverte.
Nos forces ont reçu l'ordre de ne pas ouvrir le feu. Nous vous prions de donner les mêmes instructions aux vôtres.
L'exercice annoncé pour vendredi est défensif; il se terminera à 18 heures. Aucun tir réel n'est prévu.
Nous proposons un cessez-le-feu de soixante-douze heures à partir de minuit, sur tous les fronts.
Les prisonniers blessés seront échangés les premiers, puis les femmes, les enfants et tous les autres.
Veuillez transmettre à l'autre partie que nous sommes prêts à une rencontre au niveau des ministres à Genève.
Le navire se trouvait dans les eaux internationales et ne transportait que des vivres et des médicaments.
Votre note a été reçue et sera examinée. Une réponse suivra avant demain matin, sous réserve de consultations.
Rien dans ce message ne doit être compris comme une reconnaissance ou comme un changement de position juridique.
Le ministère des affaires étrangères saisit cette occasion pour renouveler l'assurance de sa haute considération.
"""

_PERSIAN = """
تأیید می‌کنیم که اگر از سوی شما اقدامی نشود، از سوی ما نیز هیچ اقدام دیگری انجام نخواهد شد.
به نیروهای ما دستور داده شده است که در مواضع خود بمانند و جز در پاسخ به آتش، تیراندازی نکنند.
رزمایشی که برای این هفته اعلام شده است دفاعی است و روز جمعه ساعت ۱۸ به پایان می‌رسد.
یکی از هواپیماهای ما در نزدیکی مرز از دست رفته است. ممکن است خدمه آن زنده باشند. خواهشمندیم با آنان خوش‌رفتاری شود.
این رویداد یک حادثه بود و به دستور دولت نبود. مسئولان آن برکنار شده‌اند و تحقیقات آغاز شده است.
ما در دفاع از خود اقدام متناسب انجام دادیم و آن را پایان‌یافته می‌دانیم. ما به دنبال تنش یا جنگ نیستیم.
لطفاً به طرف مقابل برسانید که ما آماده دیدار در سطح معاونان وزیر امور خارجه در ژنو یا مسقط هستیم.
آتش‌بس از نیمه‌شب به وقت محلی آغاز می‌شود و به مدت هفتاد و دو ساعت در همه جبهه‌ها برقرار خواهد بود.
زندانیان در گذرگاه مرزی مبادله می‌شوند: نخست مجروحان، سپس زنان و کودکان و پس از آن دیگران.
کشتی در آب‌های بین‌المللی بود و گندم، دارو و سوخت حمل می‌کرد و هیچ سلاحی در آن نبود.
یادداشت شماره ۱۲ شما دریافت شد و در دست بررسی است. پاسخ تا پیش از ظهر فردا داده می‌شود.
بند سوم را به این صورت نمی‌پذیریم و پیشنهاد می‌کنیم که بازرسان آژانس بتوانند از محل بازدید کنند.
سخنانی که در تلویزیون گفته شد رسمی نبود و نظر دولت جمهوری اسلامی ایران را بیان نمی‌کند.
کاروان کمک‌های انسان‌دوستانه با دوازده کامیون سپیده‌دم حرکت می‌کند و خواستار عبور امن از راه شمالی است.
هیچ چیز در این پیام نباید به معنای شناسایی یا تغییر در مواضع حقوقی ما دانسته شود.
اگر یگان‌های خود را ظرف بیست و چهار ساعت به پشت رودخانه ببرید، محاصره بندر را برمی‌داریم.
هرگونه حمله به خاک، مردم یا منافع ما بی‌درنگ و با همه توان پاسخ داده خواهد شد.
خانواده‌ها از وضع دو مهندسی که از دی‌ماه بازداشت هستند خبر می‌خواهند. آیا حال آنان خوب است؟
از دولت سوئیس برای مساعی جمیله آن سپاسگزاریم. این کانال در همه ساعات شبانه‌روز باز است.
آیا پرتاب موشکی که دیشب در شرق دیده شد عمدی بود یا خطای فنی؟ لطفاً تا ساعت ۶ صبح پاسخ دهید.
فرمانده پدافند هوایی و نیروی دریایی در منطقه خلیج فارس از این توافق آگاه شده‌اند و گزارش خواهند داد.
"""

_ARABIC = """
نؤكد أنه لن يكون هناك أي إجراء آخر من جانبنا ما لم يصدر شيء من جانبكم.
صدرت الأوامر إلى قواتنا بالبقاء في مواقعها وعدم إطلاق النار إلا ردا على نيران معادية.
ما حدث الليلة الماضية كان حادثا ولم يكن بأمر من الحكومة، وقد بدأ التحقيق مع المسؤولين عنه.
اتخذنا إجراءات متناسبة دفاعا عن النفس وقد انتهت. نحن لا نسعى إلى التصعيد أو الحرب.
يرجى إبلاغ الطرف الآخر أننا مستعدون للقاء على مستوى وكلاء وزارة الخارجية في جنيف أو مسقط أو الدوحة.
يبدأ وقف إطلاق النار عند منتصف الليل بالتوقيت المحلي ويستمر اثنتين وسبعين ساعة على جميع الجبهات.
يتم تبادل الأسرى عند المعبر: الجرحى أولا ثم النساء والأطفال ثم الآخرون.
كانت السفينة في المياه الدولية وكانت تحمل القمح والدواء والوقود ولم يكن على متنها أي سلاح.
تسلمنا مذكرتكم رقم ١٢ وهي قيد الدراسة، وسيصلكم الرد قبل ظهر الغد إن شاء الله.
لا نقبل البند الثالث بصيغته الحالية ونقترح السماح لمفتشي الوكالة بزيارة الموقع.
قافلة المساعدات الإنسانية ستتحرك فجرا وتطلب المرور الآمن على الطريق الشمالي إلى المستشفى.
لا شيء في هذه الرسالة يعني الاعتراف أو تغيير موقفنا القانوني. وتفضلوا بقبول فائق الاحترام والتقدير.
"""

_RUSSIAN = """
Мы подтверждаем, что с нашей стороны не будет дальнейших действий, если их не будет с вашей.
Это был несчастный случай, приказа правительства не было. Начато расследование, виновные отстранены.
Учения, объявленные на эту неделю, носят оборонительный характер и закончатся в пятницу в 18 часов.
Просим передать другой стороне, что мы готовы к встрече на уровне заместителей министров в Женеве.
Прекращение огня начинается в полночь по местному времени и действует семьдесят два часа на всех участках.
Ваша нота получена и рассматривается. Ответ последует завтра до полудня, после консультаций с командованием.
Корабль находился в международных водах и вёз зерно, лекарства и топливо; оружия на борту не было.
"""

LETTERS = """
ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789 .,:;!?'"()[]-–—/%&+*=@#<>«»’“”…
ÀÂÄÇÉÈÊËÎÏÔÖŒÙÛÜßàâäçéèêëîïôöœùûü ÁÍÓÚÑáíóúñ¿¡ İıĞğŞş ČčŠšŽžĆćĐđ ĄąĘęŁłŃńŚśŹźŻż
АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ абвгдежзийклмнопрстуфхцчшщъыьэюя ЁёІіЇїЄєҐґ
ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ
אבגדהוזחטיכלמנסעפצקרשתםןףץך
ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي ًٌٍَُِّْ ٠١٢٣٤٥٦٧٨٩ پچژگکی ۰۱۲۳۴۵۶۷۸۹ ، ؛ ؟ ٪ ٔ ـ \u200c\u200d\u200e\u200f
"""
"""Known, each by itself: what follows what in them says nothing."""

PASSAGES = tuple(
    line for text in (_ENGLISH, _FRENCH, _PERSIAN, _ARABIC, _RUSSIAN) for line in text.split("\n") if line
)
"""The lines, in this order."""
