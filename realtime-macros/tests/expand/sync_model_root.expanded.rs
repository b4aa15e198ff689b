// What sync_model_root.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_1(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_2(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <bool as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_create(
        principal: &<Poll as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Poll>,
        root: ::core::option::Option<
            &<Poll as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Poll,
            _,
        >::ask(&anyone, principal, entity, root)
    }
    fn __realtime_patch(
        principal: &<Poll as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Poll>,
        root: ::core::option::Option<
            &<Poll as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Poll,
            _,
        >::ask(&author, principal, entity, root)
            .or(|| {
                ::realtime_core::__private::Policy::<
                    _,
                    Poll,
                    _,
                >::ask(&User::banned, principal, entity, root)
                    .not()
            })
    }
    fn __realtime_decode(
        columns: &mut ::realtime_core::__private::Columns<'_>,
    ) -> ::core::result::Result<Poll, ::realtime_core::__private::RawError> {
        ::core::result::Result::Ok(Poll {
            id: columns.take::<String>("id")?,
            question: columns.take::<String>("question")?,
            closed: columns.take_or::<bool>("closed", || false)?,
        })
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for Poll {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "Poll",
                    |types| ::realtime_core::__private::TypeDef {
                        name: "Poll".into(),
                        doc: "A question.".into(),
                        shape: ::realtime_core::__private::Shape::Struct(
                            ::std::vec![
                                ::realtime_core::__private::Field { number : 0, rust : "id"
                                .into(), name : "id".into(), ty : __realtime_type_0(types),
                                doc : "".into(), optional : false, rules : ::std::vec![], },
                                ::realtime_core::__private::Field { number : 0, rust :
                                "question".into(), name : "question".into(), ty :
                                __realtime_type_1(types), doc : "".into(), optional : false,
                                rules : ::std::vec![::realtime_core::__private::Rule::Length
                                { min : ::core::option::Option::Some(1u64), max :
                                ::core::option::Option::Some(280u64) }], },
                                ::realtime_core::__private::Field { number : 0, rust :
                                "closed".into(), name : "closed".into(), ty :
                                __realtime_type_2(types), doc : "".into(), optional : true,
                                rules : ::std::vec![], }
                            ],
                        ),
                        copy: {
                            use ::realtime_core::__private::lowered::NotCopy as _;
                            ::realtime_core::__private::lowered::CopyProbe::<Poll>::COPY
                        },
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for Poll {}
    #[automatically_derived]
    impl ::realtime_core::__private::SyncModel for Poll {
        type Principal = ::realtime_core::__private::Anyone;
        type Root = Poll;
        const NUMBER: u16 = ::realtime_core::__private::model_number("Poll");
        fn key(&self) -> &str {
            <String as ::realtime_core::__private::KeyField>::as_key(&self.id)
        }
        fn parts() -> ::realtime_core::__private::ModelParts<Self> {
            use ::realtime_core::__private::lowered::{
                NoMutations as _, SomeMutations as _,
            };
            ::realtime_core::__private::ModelParts {
                name: "Poll",
                doc: "A question.",
                topic: ::realtime_core::__private::TopicDecl::Root("poll/{id}"),
                version: 2u32,
                key: "id",
                topic_fields: |entity| {
                    ::std::vec![::realtime_core::__private::lowered::key_of(entity)]
                },
                columns: ::std::vec![
                    ::realtime_core::__private::ColumnDef { rust : "id", name : "id",
                    number : ::realtime_core::__private::column_number("id"), doc : "",
                    ty : __realtime_type_0, optional : false, rules : ::std::vec![], read
                    : ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Poll |
                    ::realtime_core::__private::Raw::encode(& entity.id), },
                    ::realtime_core::__private::ColumnDef { rust : "question", name :
                    "question", number :
                    ::realtime_core::__private::column_number("question"), doc : "", ty :
                    __realtime_type_1, optional : false, rules :
                    ::std::vec![::realtime_core::__private::Rule::Length { min :
                    ::core::option::Option::Some(1u64), max :
                    ::core::option::Option::Some(280u64) }], read :
                    ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Poll |
                    ::realtime_core::__private::Raw::encode(& entity.question), },
                    ::realtime_core::__private::ColumnDef { rust : "closed", name :
                    "closed", number :
                    ::realtime_core::__private::column_number("closed"), doc : "", ty :
                    __realtime_type_2, optional : true, rules : ::std::vec![], read :
                    ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Poll |
                    ::realtime_core::__private::Raw::encode(& entity.closed), }
                ],
                decode: __realtime_decode,
                read: ::core::option::Option::None,
                every: ::core::option::Option::None,
                retain: ::core::option::Option::None,
                open: ::core::option::Option::None,
                create: ::core::option::Option::Some(__realtime_create),
                delete: ::core::option::Option::None,
                patch: ::core::option::Option::Some((
                    ::std::vec!["question"],
                    __realtime_patch,
                )),
                anyone: &["create"],
                mutations: (&::realtime_core::__private::lowered::MutationsOf::<
                    Poll,
                >::NEW)
                    .list(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::InTopic<Poll> for Poll {}
};
